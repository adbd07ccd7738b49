#pragma once

#include "tests/support/file_descriptor.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace troupe::test {

enum class answered { here, on_worker };

/// Nodes of files_node.cpp, started at first use and shared by the cases of a suite: a gateway that
/// answers itself, or one with a worker. Their folders are empty when a case begins.
class with_files : public testing::TestWithParam<answered> {
protected:
  void SetUp() override {
    auto& running = started()[GetParam()];
    if (!running)
      running = std::make_unique<nodes>(GetParam());
    for (const auto& each : {top(), uploads()})
      for (const auto& entry : std::filesystem::directory_iterator{each})
        if (entry.path() != folder())
          std::filesystem::remove_all(entry);
    for (const auto& entry : std::filesystem::directory_iterator{folder()})
      std::filesystem::remove_all(entry); // the nodes stay with this folder
    http_ = std::make_unique<http_client>(node().http_port());
  }
  static void TearDownTestSuite() { started().clear(); }

  [[nodiscard]] static gateway& node() { return *started().at(GetParam())->door; }
  [[nodiscard]] static test::node& answering_node() {
    auto& all = *started().at(GetParam());
    return all.behind ? static_cast<test::node&>(*all.behind) : *all.door;
  }
  [[nodiscard]] http_client& http() { return *http_; }

  /// The folder above the one that is served.
  [[nodiscard]] static const std::filesystem::path& top() {
    return started().at(GetParam())->top.path();
  }
  [[nodiscard]] static std::filesystem::path folder() { return top() / "served"; }
  [[nodiscard]] static const std::filesystem::path& uploads() {
    return started().at(GetParam())->uploads.path();
  }

  /// A new file beneath the folder, with the folders that it needs.
  static void write(const std::string& name, const std::string& content) {
    const auto path = folder() / name;
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    FILE* file = std::fopen(path.c_str(), "wb");
    ASSERT_NE(file, nullptr) << path;
    EXPECT_EQ(std::fwrite(content.data(), 1, content.size(), file), content.size());
    EXPECT_EQ(std::fclose(file), 0);
  }

  /// A file of that many zeros that takes no room; one that exists is cut or made longer.
  static void make_sparse(const std::string& name, std::uint64_t size) {
    if (!std::filesystem::exists(folder() / name))
      write(name, "");
    std::filesystem::resize_file(folder() / name, size);
  }

  /// Has the kernel drop what it keeps of the file in memory, where the file is on a disk.
  static void drop_from_memory(const std::string& name) {
    const file_descriptor file{::open((folder() / name).c_str(), O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(::fsync(file.get()), 0);
    EXPECT_EQ(::posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  }

  static void set_time(const std::string& name, std::time_t seconds) {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (folder() / name).c_str(), times, 0), 0);
  }

  /// How many files beneath the folder the node has open.
  [[nodiscard]] static int open_files() {
    int out = 0;
    std::error_code gone; // what is closed while this looks
    const auto all = "/proc/" + std::to_string(answering_node().pid()) + "/fd";
    for (const auto& each : std::filesystem::directory_iterator{all})
      out += std::filesystem::read_symlink(each, gone).native().starts_with(folder().native() + "/")
                 ? 1
                 : 0;
    return out;
  }

  /// Bytes of all values, the same ones each time.
  static std::string bytes(std::size_t size) {
    std::string out(size, '\0');
    for (std::uint64_t at = 0; at < size; ++at)
      out[at] = static_cast<char>(at * 2654435761U >> 11);
    return out;
  }

private:
  struct nodes {
    explicit nodes(answered by) {
      std::filesystem::create_directory(top.path() / "served");
      node_options how{"files-node", {}, {}};
      how.environment = {{"FILES", (top.path() / "served").string()},
                         {"UPLOADS", uploads.path().string()}};
      auto door_options = how;
      if (by == answered::on_worker)
        door_options.arguments.emplace_back("--no-local-workers");
      door = std::make_unique<gateway>(door_options);
      if (by == answered::on_worker) {
        behind = std::make_unique<worker>(*door, "one", how);
        EXPECT_TRUE(behind->joined());
      }
    }

    temp_directory top;
    temp_directory uploads;
    std::unique_ptr<gateway> door;
    std::unique_ptr<worker> behind; // null: the gateway answers itself
  };

  static std::map<answered, std::unique_ptr<nodes>>& started() {
    static std::map<answered, std::unique_ptr<nodes>> all;
    return all;
  }

  std::unique_ptr<http_client> http_;
};

#define TROUPE_HERE_AND_ON_WORKER(suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(                                                                        \
      Nodes, suite,                                                                                \
      testing::Values(::troupe::test::answered::here, ::troupe::test::answered::on_worker),        \
      [](const auto& info) {                                                                       \
        return info.param == ::troupe::test::answered::here ? "Here" : "OnWorker";                 \
      })

} // namespace troupe::test
