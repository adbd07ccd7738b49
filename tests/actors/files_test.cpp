// The parts of file responses and uploads that need no node; the whole: files_system_test.
#include "actors/detail/file_reader.hpp"
#include "actors/detail/file_response.hpp"
#include "actors/detail/new_file.hpp"
#include "actors/detail/served_folder.hpp"
#include "actors/messages/errc.hpp"

#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>

namespace troupe::detail {
namespace {

using outcome = opened_file::outcome;
using test::read_file;
using test::temp_directory;

/// The code of the error that `f` throws; none.
std::optional<errc> code_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const error& e) {
    return e.code();
  }
  return std::nullopt;
}

TEST(open_named, opens_regular_files_wherever_they_are) {
  const temp_directory in;
  const auto path = in.write(".hidden", "abc");
  std::filesystem::create_symlink(path, in.path() / "link");
  EXPECT_EQ(open_named(path).result, outcome::ok);
  EXPECT_EQ(open_named(in.path() / "link").size, 3u);
  EXPECT_EQ(open_named(std::filesystem::relative(path)).result, outcome::ok);
  EXPECT_EQ(open_named(in.path()).result, outcome::directory);
  EXPECT_EQ(open_named(in.path() / "missing").result, outcome::not_found);
  EXPECT_EQ(open_named(path / "below").result, outcome::not_found);
  EXPECT_EQ(open_named("").result, outcome::not_found);
  EXPECT_EQ(open_named("/dev/null").result, outcome::not_found);
  ASSERT_EQ(::mkfifo((in.path() / "fifo").c_str(), 0600), 0);
  EXPECT_EQ(open_named(in.path() / "fifo").result, outcome::not_found);
}

TEST(read_part, reads_what_is_asked_for_and_fails_where_nothing_is) {
  const temp_directory in;
  const auto opened = open_named(in.write("letters", "abcdefghij"));
  EXPECT_EQ(read_part(opened.file, 0, 10), "abcdefghij");
  EXPECT_EQ(read_part(opened.file, 3, 2), "de");
  EXPECT_EQ(read_part(opened.file, 3, 0), "");
  EXPECT_THROW(static_cast<void>(read_part(opened.file, 9, 2)), std::runtime_error);
  EXPECT_THROW(static_cast<void>(read_part(file_descriptor{}, 0, 1)), std::system_error);
}

TEST(wants_whole, is_true_of_a_get_without_conditions_and_ranges) {
  request req;
  EXPECT_TRUE(wants_whole(req));
  req.headers.add("Accept", "*/*");
  req.headers.add("Iffy", "1");
  EXPECT_TRUE(wants_whole(req));
  for (const auto* name : {"range", "If-None-Match", "if-match", "If-Modified-Since"}) {
    auto conditional = req;
    conditional.headers.add(name, "x");
    EXPECT_FALSE(wants_whole(conditional)) << name;
  }
  req.method = http_method::head;
  EXPECT_FALSE(wants_whole(req));
}

TEST(read_small, reads_small_files_only_when_it_is_to) {
  const temp_directory in;
  const auto small = in.write("small", std::string(whole_file_bytes, 'x'));
  const auto large = in.write("large", std::string(whole_file_bytes + 1, 'x'));
  EXPECT_EQ(read_small({open_named(small), {}}, true).content, std::string(whole_file_bytes, 'x'));
  EXPECT_FALSE(read_small({open_named(small), {}}, false).content);
  EXPECT_FALSE(read_small({open_named(large), {}}, true).content);
  EXPECT_FALSE(read_small({open_named(in.path()), {}}, true).content);
}

TEST(check_opened, tells_clients_no_more_than_they_may_know) {
  const auto code = [](outcome result, int number) {
    opened_file what;
    what.result = result;
    what.error = number;
    return code_of([&] { check_opened(what, "/a/path"); });
  };
  EXPECT_EQ(code(outcome::ok, 0), std::nullopt);
  EXPECT_EQ(code(outcome::not_found, 0), errc::not_found);
  EXPECT_EQ(code(outcome::directory, 0), errc::not_found);
  EXPECT_EQ(code(outcome::failed, EACCES), errc::forbidden);
  EXPECT_THROW(code(outcome::failed, EMFILE), std::system_error);
}

TEST(cache_control, has_pages_that_name_others_asked_for_again) {
  EXPECT_EQ(cache_control({}, false), "");
  EXPECT_EQ(cache_control({.max_age = std::chrono::hours{1}}, false), "public, max-age=3600");
  EXPECT_EQ(cache_control({.max_age = std::chrono::hours{1}}, true), "no-cache");
}

TEST(served_folder, says_why_it_cannot_be_opened) {
  const temp_directory in;
  EXPECT_EQ(served_folder(in.path(), {}).problem(), "");
  EXPECT_EQ(served_folder("/no/such", {}).problem(),
            "the folder \"/no/such\" cannot be opened: No such file or directory");
  EXPECT_EQ(served_folder(in.write("file", ""), {}).problem(),
            "the folder \"" + (in.path() / "file").string()
                + "\" cannot be opened: Not a directory");
  EXPECT_EQ(served_folder("no-such", {}).problem(),
            "the folder \"no-such\" (looked for from " + std::filesystem::current_path().string()
                + ") cannot be opened: No such file or directory");
}

TEST(served_folder, stays_with_the_folder_that_it_has_opened) {
  const temp_directory in;
  std::filesystem::create_directory(in.path() / "a");
  in.write("a/x", "old");
  const served_folder served{in.path() / "a", {}};
  std::filesystem::rename(in.path() / "a", in.path() / "b");
  std::filesystem::create_directory(in.path() / "a");
  in.write("a/x", "new");
  EXPECT_EQ(served.find("x", true).what.content, "old");
}

TEST(served_folder, finds_nothing_where_index_and_fallback_are_folders) {
  const temp_directory in;
  std::filesystem::create_directories(in.path() / "index.html");
  const served_folder served{in.path(), {.fallback = "index.html"}};
  for (const auto* path : {"", "missing", "missing/"})
    EXPECT_EQ(served.find(path, true).what.file.result, outcome::not_found) << path;
  EXPECT_EQ(served.find("index.html", true).what.file.result, outcome::directory);
}

TEST(new_file, is_removed_unless_it_is_kept) {
  const temp_directory in;
  const auto path = in.path() / "new";
  {
    new_file made{path};
    made.write("abc");
    EXPECT_EQ(read_file(path), "abc");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    new_file made{path};
    made.write("abc");
    made.write("");
    made.write("de");
    made.keep();
  }
  EXPECT_EQ(read_file(path), "abcde");
}

TEST(new_file, replaces_nothing_and_follows_no_link) {
  const temp_directory in;
  const auto path = in.write("there", "old");
  std::filesystem::create_symlink("elsewhere", in.path() / "link");
  EXPECT_EQ(code_of([&] { new_file made{path}; }), errc::conflict);
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(code_of([&] { new_file made{in.path() / "link"}; }), errc::conflict);
  EXPECT_TRUE(std::filesystem::is_symlink(in.path() / "link"));
  EXPECT_FALSE(std::filesystem::exists(in.path() / "elsewhere"));
}

TEST(new_file, says_which_file_cannot_be_made) {
  const temp_directory in;
  const auto path = in.path() / "missing" / "new";
  try {
    new_file made{path};
    FAIL() << "it was made";
  } catch (const std::system_error& e) {
    EXPECT_EQ(e.code().value(), ENOENT);
    EXPECT_NE(std::string{e.what()}.find(path.string()), std::string::npos) << e.what();
  }
}

TEST(new_file, fails_when_it_cannot_be_written) {
  const temp_directory in;
  std::optional<int> failed;
  const auto handled = std::signal(SIGXFSZ, SIG_IGN);
  rlimit limit_before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit_before), 0);
  const rlimit small{10, limit_before.rlim_max}; // as a full disk, but of this process only
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  try {
    new_file made{in.path() / "new"};
    made.write("more than ten bytes");
  } catch (const std::system_error& e) {
    failed = e.code().value();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit_before), 0);
  std::signal(SIGXFSZ, handled);
  EXPECT_EQ(failed, EFBIG);
  EXPECT_TRUE(std::filesystem::is_empty(in.path()));
}

} // namespace
} // namespace troupe::detail
