#include "tests/config/parsing.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace troupe::config::test {
namespace {

std::vector<const char*> pointers(const texts& all) {
  std::vector<const char*> result;
  for (const auto& text : all)
    result.push_back(text.c_str());
  result.push_back(nullptr);
  return result;
}

std::string new_folder() {
  auto pattern = (std::filesystem::temp_directory_path() / "troupe-config-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed: " + pattern);
  return pattern;
}

} // namespace

command run(const texts& arguments, const texts& environment) {
  texts all{"demo"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const auto argv = pointers(all);
  return parse({"demo", "1.2.3", "A demo."}, static_cast<int>(all.size()), argv.data(),
               pointers(environment).data());
}

gateway_command gateway(texts flags, const texts& environment) {
  flags.insert(flags.begin(), "gateway");
  return std::get<gateway_command>(run(flags, environment));
}

worker_command worker(texts flags, const texts& environment) {
  flags.insert(flags.begin(), {"worker", "--join", "127.0.0.1:4242"});
  return std::get<worker_command>(run(flags, environment));
}

std::string error_of(const texts& arguments, const texts& environment) {
  try {
    run(arguments, environment);
  } catch (const config_error& error) {
    return error.what();
  }
  return "no error";
}

temporary_file::temporary_file(std::string_view content)
    : folder_(new_folder()), path_(folder_ + "/node.toml") {
  std::ofstream(path_, std::ios::binary) << content;
}

temporary_file::~temporary_file() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string error_of_file(std::string_view content, const std::string& command) {
  const temporary_file file(content);
  auto error = error_of({command, "--config", file.path()});
  for (auto at = error.find(file.path()); at != std::string::npos; at = error.find(file.path()))
    error.replace(at, file.path().size(), "FILE");
  return error;
}

} // namespace troupe::config::test
