#include "config/detail/definition.hpp"
#include "config/detail/toml.hpp"
#include "config/detail/values.hpp"
#include "tests/config/parsing.hpp"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace troupe::config::test {
namespace {

std::string sample(const std::string& name) {
  const char* root = std::getenv("TROUPE_TEST_SOURCE");
  return std::string(root == nullptr ? "." : root) + "/config/" + name;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// Every key of the table stands in the file, in the table's order, and no other does; the lines
// above a key are a comment that names its range.
void expect_complete(const std::string& path, const std::vector<detail::setting>& settings) {
  const auto content = content_of(path);
  const auto document = detail::read_toml(content);
  ASSERT_EQ(document.entries.size(), settings.size()) << path;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto& entry = document.entries[i];
    EXPECT_EQ(entry.section + '.' + entry.key, key_of(*settings[i].what));
    const auto key =
        content.find('\n' + entry.key + " = ", content.find('[' + entry.section + ']'));
    ASSERT_NE(key, std::string::npos) << entry.key;
    const auto comment_start = content.rfind("\n\n", key);
    const auto comment = content.substr(comment_start, key - comment_start);
    EXPECT_NE(comment.find("\n# "), std::string::npos) << entry.key;
    const bool has_limits = settings[i].what->high > 0;
    if (has_limits)
      EXPECT_NE(comment.find(range(settings[i])), std::string::npos) << entry.key << comment;
  }
}

TEST(sample_files, hold_every_key_of_a_gateway_with_its_default) {
  gateway_settings defaults;
  expect_complete(sample("gateway.toml"), detail::settings_of(defaults));
  EXPECT_EQ(gateway({"--config", sample("gateway.toml")}).settings, gateway_settings{});
}

TEST(sample_files, hold_every_key_of_a_worker_with_its_default) {
  worker_settings defaults;
  expect_complete(sample("worker.toml"), detail::settings_of(defaults));
  defaults.join = {gateway_settings{}.cluster};
  const auto result = std::get<worker_command>(run({"worker", "--config", sample("worker.toml")}));
  EXPECT_EQ(result.settings, defaults);
}

TEST(sample_files, can_be_read_by_the_other_role) {
  EXPECT_EQ(worker({"--config", sample("gateway.toml")}).settings.threads, 0U);
  EXPECT_EQ(gateway({"--config", sample("worker.toml")}).settings, gateway_settings{});
}

} // namespace
} // namespace troupe::config::test
