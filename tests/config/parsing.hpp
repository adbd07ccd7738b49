// Calls parse() the way a test reads best.
#pragma once

#include "config/parse.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::config::test {

using texts = std::vector<std::string>;

/// What errors say was expected.
inline const std::string any_port =
    "HOST:PORT such as 127.0.0.1:4242 or [::1]:4242, the port from 0 to 65535";
inline const std::string real_port =
    "HOST:PORT such as 127.0.0.1:4242 or [::1]:4242, the port from 1 to 65535";
inline const std::string storage_url = "sqlite:PATH, postgres://... or postgresql://...";

/// parse() with these arguments after the program's name, and this environment alone.
command run(const texts& arguments, const texts& environment = {});

gateway_command gateway(texts flags, const texts& environment = {});

/// With "--join 127.0.0.1:4242" in front of the flags.
worker_command worker(texts flags, const texts& environment = {});

/// What the configuration error says, or "no error".
std::string error_of(const texts& arguments, const texts& environment = {});

/// A file in a folder of its own, both gone with the object.
class temporary_file {
public:
  explicit temporary_file(std::string_view content);
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;
  ~temporary_file();

  const std::string& path() const { return path_; }

private:
  std::string folder_;
  std::string path_;
};

/// The error of a command with --config FILE; the file's path reads "FILE" in it.
std::string error_of_file(std::string_view content, const std::string& command = "gateway");

} // namespace troupe::config::test
