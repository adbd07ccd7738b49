#pragma once

#include "tests/support/temp_directory.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace troupe::test {

/// What a certificate for a test says.
struct certificate_wish {
  std::string title;              // common name, and the name of the files
  std::vector<std::string> names; // "DNS:a.example", "IP:127.0.0.1"
  std::chrono::seconds begins = std::chrono::hours{-1}; // from now
  std::chrono::seconds ends = std::chrono::hours{24};
  bool rsa = false; // the key; else one of P-256
  std::string purposes = {}; // "serverAuth"; empty: any
};

/// Where a certificate was written, in PEM.
struct certificate_files {
  std::string certificate;
  std::string key;
  std::string both; // in one file
};

/// An authority of its own that issues certificates into a folder.
class certificate_authority {
public:
  /// `folder` outlives the authority; its own certificate is NAME.pem there.
  certificate_authority(const temp_directory& folder, const std::string& name);
  ~certificate_authority();

  [[nodiscard]] const std::string& file() const noexcept { return file_; }

  /// Writes TITLE.crt, TITLE.key and TITLE.pem, over those that are there.
  [[nodiscard]] certificate_files issue(const certificate_wish& wish) const;

  /// Its own key in PEM, under a password.
  [[nodiscard]] std::string locked_key(const std::string& password) const;

private:
  struct identity;
  const temp_directory& folder_;
  std::unique_ptr<identity> self_;
  std::string file_;
};

} // namespace troupe::test
