#pragma once

#include "tests/support/certificates.hpp"
#include "tests/support/child_process.hpp"
#include "tests/support/node.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

/// Where a node's part of TLS between nodes lies.
struct node_files {
  std::string certificate;
  std::string key;
  std::string ca;

  [[nodiscard]] std::vector<std::string> flags() const {
    return {"--cluster-certificate", certificate, "--cluster-key", key, "--cluster-ca", ca};
  }
};

/// A folder with an authority and certificates that the program itself makes, as its users do.
class cluster_pki {
public:
  cluster_pki() { EXPECT_EQ(cert({"init"}).status, exit_status{}); }

  [[nodiscard]] const temp_directory& folder() const noexcept { return folder_; }
  [[nodiscard]] std::string ca() const { return path("ca.pem"); }

  finished cert(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "cert");
    arguments.insert(arguments.end(), {"--dir", folder_.path().string()});
    return run_to_end({program_path("troupe-demo").string(), std::move(arguments), {}, {}});
  }

  [[nodiscard]] node_files issue(const std::string& name) const {
    const auto made = cert({"issue", name});
    EXPECT_EQ(made.status, exit_status{}) << made.err;
    return {path(name + ".pem"), path(name + ".key"), ca()};
  }

private:
  [[nodiscard]] std::string path(const std::string& file) const { return (folder_.path() / file).string(); }

  temp_directory folder_;
};

/// `options` with `more` behind its flags.
inline node_options with(node_options options, const std::vector<std::string>& more) {
  options.arguments.insert(options.arguments.end(), more.begin(), more.end());
  return options;
}

} // namespace troupe::test
