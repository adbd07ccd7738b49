#include "actors/detail/safe_open.hpp"

#include "tests/support/deadline.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace troupe::detail {
namespace {

using namespace std::string_literals;
namespace fs = std::filesystem;
using outcome = opened_file::outcome;

/// A folder to be served, and one beside it that must not be. With and without the kernel's help.
class safe_open : public testing::TestWithParam<bool> {
protected:
  void SetUp() override {
    fs::create_directories(inside / "folder/deeper");
    fs::create_directories(inside / ".git");
    fs::create_directories(outside);
    for (const char* name : {"served/index.html", "served/folder/file", "served/folder/deeper/file",
                             "served/.hidden", "served/.git/config", "served/...", "secret/file"})
      temp.write(name, name);
    directory = file_descriptor{::open(inside.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    ASSERT_TRUE(directory);
  }

  opened_file open(std::string_view path, bool hidden = false) const {
    return open_beneath(directory.get(), path, {.hidden = hidden, .walk = GetParam()});
  }

  /// What the file contains, or the outcome.
  std::string read(std::string_view path, bool hidden = false) const {
    return describe(open(path, hidden));
  }

  static std::string describe(const opened_file& opened) {
    switch (opened.result) {
    case outcome::ok:
      break;
    case outcome::directory:
      return "directory";
    case outcome::not_found:
      return "not found";
    case outcome::failed:
      return "failed: " + std::generic_category().message(opened.error);
    }
    std::string out(opened.size, '\0');
    const auto size = ::pread(opened.file.get(), out.data(), out.size(), 0);
    return size == static_cast<ssize_t>(out.size()) ? out : "not readable";
  }

  test::temp_directory temp;
  fs::path inside = temp.path() / "served";
  fs::path outside = temp.path() / "secret";
  file_descriptor directory;
};

TEST_P(safe_open, opens_files_and_tells_directories) {
  EXPECT_EQ(read("index.html"), "served/index.html");
  EXPECT_EQ(read("folder/file"), "served/folder/file");
  EXPECT_EQ(read("folder/deeper/file"), "served/folder/deeper/file");
  EXPECT_EQ(read(""), "directory");
  EXPECT_EQ(read("folder"), "directory");
  EXPECT_EQ(read("folder/deeper"), "directory");
}

TEST_P(safe_open, says_what_an_entity_tag_is_made_of) {
  const std::array<timespec, 2> times{{{1, 2}, {1234567890, 123456789}}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (inside / "index.html").c_str(), times.data(), 0), 0);
  struct stat about {};
  ASSERT_EQ(::stat((inside / "index.html").c_str(), &about), 0);
  const auto opened = open("index.html");
  EXPECT_EQ(opened.size, 17u);
  EXPECT_EQ(opened.modified, 1234567890);
  EXPECT_EQ(opened.modified_nanoseconds, 123456789u);
  EXPECT_EQ(opened.inode, about.st_ino);
  EXPECT_NE(::fcntl(opened.file.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(entity_tag_of(open("index.html")), entity_tag_of(opened));
  EXPECT_NE(entity_tag_of(open("folder/file")), entity_tag_of(opened));
}

TEST(an_entity_tag, has_inode_size_and_time) {
  opened_file what;
  what.inode = 0x2f;
  what.size = 1024;
  what.modified = 1;
  what.modified_nanoseconds = 5;
  EXPECT_EQ(entity_tag_of(what), "\"2f-400-3b9aca05\"");
}

TEST_P(safe_open, does_not_find_what_is_not_there) {
  for (const std::string path : {"none", "folder/none", "none/file", "index.html/",
                                 "index.html/file", "folder/file/x", "Index.html", "index.html "})
    EXPECT_EQ(read(path), "not found") << path;
}

TEST_P(safe_open, refuses_paths_that_are_not_made_of_plain_components) {
  for (const std::string path :
       {"/", "/index.html", "//index.html", "folder//file", "folder/", "folder/file/", ".", "..",
        "./index.html", "folder/.", "folder/./file", "folder/..", "folder/../index.html",
        "../secret/file", "../served/index.html", "folder/../../secret/file"})
    for (const bool hidden : {false, true})
      EXPECT_EQ(read(path, hidden), "not found") << path;
  EXPECT_EQ(read((inside / "index.html").string()), "not found"); // absolute
}

TEST_P(safe_open, takes_the_path_as_decoded) {
  EXPECT_EQ(read("%2e%2e/secret/file"), "not found");
  EXPECT_EQ(read("folder%2ffile"), "not found");
  EXPECT_EQ(read("..\\secret\\file"), "not found");
  EXPECT_EQ(read("\xc0\xae\xc0\xae/secret/file"), "not found");
  temp.write("served/a%2e b\\\xff", "odd");
  EXPECT_EQ(read("a%2e b\\\xff"), "odd");
}

TEST_P(safe_open, does_not_stop_at_a_nul) {
  EXPECT_EQ(read("index.html\0"s), "not found");
  EXPECT_EQ(read("index.html\0.png"s), "not found");
  EXPECT_EQ(read("\0"s), "not found");
}

TEST_P(safe_open, does_not_find_names_that_are_too_long) {
  EXPECT_EQ(read(std::string(NAME_MAX, 'a')), "not found");
  EXPECT_EQ(read(std::string(NAME_MAX + 1, 'a')), "not found");
  std::string path = "folder";
  while (path.size() <= 2 * PATH_MAX)
    path += "/folder";
  EXPECT_EQ(read(path), "not found");
}

TEST_P(safe_open, shows_hidden_files_only_when_asked) {
  for (const std::string path : {".hidden", ".git", ".git/config", "..."})
    EXPECT_EQ(read(path), "not found") << path;
  EXPECT_EQ(read(".hidden", true), "served/.hidden");
  EXPECT_EQ(read(".git/config", true), "served/.git/config");
  EXPECT_EQ(read("...", true), "served/...");
  EXPECT_EQ(read(".git", true), "directory");
}

// -- links ----------------------------------------------------------------------------------------

TEST_P(safe_open, never_follows_a_link_out) {
  fs::create_symlink("../secret/file", inside / "to_file");
  fs::create_directory_symlink("../secret", inside / "to_directory");
  fs::create_symlink(outside / "file", inside / "absolute");
  fs::create_directory_symlink(outside, inside / "absolute_directory");
  fs::create_directory_symlink("/", inside / "root");
  fs::create_directory_symlink("..", inside / "folder/up");
  fs::create_symlink("to_file", inside / "to_link");
  fs::create_symlink("/proc/self/fd/" + std::to_string(directory.get()), inside / "magic");
  for (const std::string path :
       {"to_file", "to_directory", "to_directory/file", "absolute", "absolute_directory",
        "absolute_directory/file", "root", "root/etc/passwd", "folder/up/to_directory/file",
        "to_link", "magic", "magic/index.html"})
    EXPECT_EQ(read(path), "not found") << path;
  EXPECT_EQ(read(("root" / outside.relative_path() / "file").string()), "not found");
}

TEST_P(safe_open, does_not_find_links_that_lead_nowhere_or_in_circles) {
  fs::create_symlink("none", inside / "dangling");
  fs::create_symlink("circle", inside / "circle");
  EXPECT_EQ(read("dangling"), "not found");
  EXPECT_EQ(read("circle"), "not found");
  EXPECT_EQ(read("circle/file"), "not found");
}

TEST_P(safe_open, follows_a_link_that_stays_inside_if_the_kernel_helps) {
  fs::create_symlink("folder/file", inside / "to_file");
  fs::create_directory_symlink("deeper", inside / "folder/to_directory");
  fs::create_symlink("../index.html", inside / "folder/up");
  fs::create_symlink(".hidden", inside / "shown");
  const bool walks = GetParam();
  EXPECT_EQ(read("to_file"), walks ? "not found" : "served/folder/file");
  EXPECT_EQ(read("folder/to_directory/file"), walks ? "not found" : "served/folder/deeper/file");
  EXPECT_EQ(read("folder/to_directory"), walks ? "not found" : "directory");
  EXPECT_EQ(read("folder/up"), walks ? "not found" : "served/index.html");
  EXPECT_EQ(read("shown"), walks ? "not found" : "served/.hidden");
}

TEST_P(safe_open, opens_another_name_of_a_file) {
  fs::create_hard_link(inside / "index.html", inside / "folder/same");
  EXPECT_EQ(read("folder/same"), "served/index.html");
}

TEST_P(safe_open, is_not_led_out_by_a_directory_that_becomes_a_link) {
  fs::create_directory_symlink("../secret", inside / "link");
  std::atomic<bool> done{false};
  std::thread swapping{[&] {
    const auto from = (inside / "folder").string();
    const auto to = (inside / "link").string();
    while (!done)
      ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_EXCHANGE);
  }};
  int opened = 0;
  int refused = 0;
  std::string led_out;
  const test::deadline limit{test::soon};
  for (int i = 0; (i < 20'000 || opened == 0 || refused == 0) && led_out.empty() && !limit.passed();
       ++i) {
    const auto found = read("folder/file");
    if (found == "served/folder/file")
      ++opened;
    else if (found == "not found")
      ++refused;
    else
      led_out = found;
  }
  done = true;
  swapping.join();
  EXPECT_EQ(led_out, "");
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0);
}

// -- what is no file ------------------------------------------------------------------------------

TEST_P(safe_open, neither_waits_for_a_fifo_nor_finds_one) {
  ASSERT_EQ(::mkfifo((inside / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(read("fifo"), "not found");
  const file_descriptor writer{::open((inside / "fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  ASSERT_TRUE(writer);
  EXPECT_EQ(read("fifo"), "not found");
}

TEST_P(safe_open, finds_no_socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (inside / "socket").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const file_descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(read("socket"), "not found");
}

TEST_P(safe_open, finds_no_device) {
  const file_descriptor devices{::open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  ASSERT_TRUE(devices);
  EXPECT_EQ(describe(open_beneath(devices.get(), "null", {.walk = GetParam()})), "not found");
}

// -- what cannot be read --------------------------------------------------------------------------

/// Runs it on a thread of its own, which stands in for another process.
void apart(const std::function<void()>& what) {
  std::thread{what}.join();
}

/// Takes root's rights from this thread alone: the C library's setresuid would take those of all.
bool become_nobody() {
  constexpr int nobody = 65534;
  return ::geteuid() != 0 || ::syscall(SYS_setresuid, nobody, nobody, nobody) == 0;
}

TEST_P(safe_open, tells_what_may_not_be_read_from_what_is_not_there) {
  ::chmod((inside / "index.html").c_str(), 0);
  ::chmod((inside / "folder").c_str(), 0);
  ::chmod(temp.path().c_str(), 0755);
  apart([&] {
    ASSERT_TRUE(become_nobody());
    EXPECT_EQ(open("index.html").error, EACCES);
    EXPECT_EQ(open("folder/file").error, EACCES);
    EXPECT_EQ(open("index.html").result, outcome::failed);
    EXPECT_EQ(open("none").result, outcome::not_found);
  });
  ::chmod((inside / "folder").c_str(), 0755);
}

TEST_P(safe_open, fails_on_a_descriptor_that_is_none) {
  const auto opened = open_beneath(-1, "index.html", {.walk = GetParam()});
  EXPECT_EQ(opened.result, outcome::failed);
  EXPECT_EQ(opened.error, EBADF);
}

INSTANTIATE_TEST_SUITE_P(, safe_open, testing::Bool(),
                         [](const auto& walks) { return walks.param ? "walking" : "by_kernel"; });

// -- kernels without the call ---------------------------------------------------------------------

/// Has openat2 fail with that error on this thread.
bool forbid_openat2(unsigned error) {
  std::array<sock_filter, 4> code{{
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

using safe_open_without_openat2 = safe_open;

TEST_P(safe_open_without_openat2, walks) {
  fs::create_symlink("index.html", inside / "link");
  for (const unsigned error : {ENOSYS, EPERM})
    apart([&] {
      ASSERT_TRUE(forbid_openat2(error));
      EXPECT_EQ(read("folder/file"), "served/folder/file");
      EXPECT_EQ(read("folder/none"), "not found");
      EXPECT_EQ(read("link"), "not found"); // followed by the kernel: so it has walked
    });
}

INSTANTIATE_TEST_SUITE_P(, safe_open_without_openat2, testing::Values(false));

} // namespace
} // namespace troupe::detail
