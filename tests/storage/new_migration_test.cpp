#include "storage/new_migration.hpp"

#include "storage/migrations.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <set>
#include <string>
#include <vector>

namespace troupe::storage {
namespace {

class new_migration_test : public ::testing::Test {
protected:
  /// The name of the file that is written.
  std::string next(const std::string& name) {
    const auto path = new_migration(folder_.path(), name);
    EXPECT_EQ(path.parent_path(), folder_.path());
    EXPECT_TRUE(std::filesystem::is_regular_file(path)) << path;
    return path.filename();
  }

  std::string why_not(const std::filesystem::path& folder, const std::string& name) {
    try {
      new_migration(folder, name);
    } catch (const migration_error& e) {
      return e.what();
    }
    ADD_FAILURE() << "no refusal of " << name;
    return {};
  }

  std::ptrdiff_t files() const {
    const std::filesystem::directory_iterator all{folder_.path()};
    return std::distance(begin(all), end(all));
  }

  troupe::test::temp_directory folder_;
};

TEST_F(new_migration_test, counts_on_from_001) {
  EXPECT_EQ(next("users"), "001_users.sql");
  EXPECT_EQ(next("add-Mail_2"), "002_add-Mail_2.sql");
  EXPECT_EQ(troupe::test::read_file(folder_.path() / "001_users.sql"),
            "-- 001_users.sql: runs once, in one transaction; not to be changed once it is "
            "applied\n");
}

TEST_F(new_migration_test, keeps_the_width_of_the_highest_number) {
  folder_.write("0009_a.sql", "");
  EXPECT_EQ(next("b"), "0010_b.sql");
  folder_.write("20240131_c.sql", "");
  EXPECT_EQ(next("d"), "20240132_d.sql");
  std::filesystem::remove(folder_.path() / "20240131_c.sql");
  std::filesystem::remove(folder_.path() / "20240132_d.sql");
  folder_.write("9999_e.sql", "");
  EXPECT_EQ(next("f"), "10000_f.sql") << "the width has to grow";
}

TEST_F(new_migration_test, counts_what_is_for_one_backend_alone_and_no_other_files) {
  folder_.write("04_a.postgres.sql", "");
  folder_.write("03_a.sqlite.sql", "");
  folder_.write("09_notes.txt", "");
  EXPECT_EQ(next("b"), "05_b.sql");
}

TEST_F(new_migration_test, makes_the_folder) {
  const auto folder = folder_.path() / "db" / "migrations";
  EXPECT_EQ(new_migration(folder, "a"), folder / "001_a.sql");
  EXPECT_TRUE(std::filesystem::exists(folder / "001_a.sql"));
}

TEST_F(new_migration_test, refuses_a_name_with_other_characters) {
  for (const auto* name : {"", "a b", "a.b", "../a", "a/b", "\u00e4", "a.sqlite"})
    EXPECT_NE(why_not(folder_.path(), name).find("expected a name of the characters"),
              std::string::npos)
      << name;
  EXPECT_EQ(files(), 0);
}

TEST_F(new_migration_test, refuses_a_folder_with_other_names_of_sql_in_it) {
  folder_.write("users.sql", "");
  EXPECT_NE(why_not(folder_.path(), "a").find("\"users.sql\": expected a name like"),
            std::string::npos);
  EXPECT_EQ(files(), 1);
}

TEST_F(new_migration_test, refuses_a_number_that_would_be_too_long) {
  folder_.write("999999999999999999_a.sql", "");
  EXPECT_NE(why_not(folder_.path(), "b").find("\"1000000000000000000_b.sql\""), std::string::npos);
  EXPECT_EQ(files(), 1);
}

TEST_F(new_migration_test, gives_a_file_to_one_of_those_who_begin_it_at_the_same_time) {
  std::vector<std::future<std::string>> started;
  for (int i = 0; i < 8; ++i)
    started.push_back(std::async(std::launch::async, [&] {
      try {
        return new_migration(folder_.path(), "same").string();
      } catch (const migration_error& e) {
        return std::string{e.what()};
      }
    }));
  std::set<std::string> written;
  for (auto& each : started)
    if (const auto path = each.get(); !path.ends_with("File exists"))
      EXPECT_TRUE(written.insert(path).second) << path << " was overwritten";
  EXPECT_EQ(static_cast<std::size_t>(files()), written.size());
  EXPECT_TRUE(written.contains((folder_.path() / "001_same.sql").string()));
}

TEST_F(new_migration_test, leaves_a_link_that_leads_nowhere_alone) {
  std::filesystem::create_symlink("nowhere", folder_.path() / "001_a.sql");
  EXPECT_EQ(next("a"), "002_a.sql");
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "nowhere"));
}

TEST_F(new_migration_test, says_what_is_in_the_way_of_the_folder) {
  const auto file = folder_.write("file", "");
  EXPECT_EQ(why_not(file, "a"), "migrations: " + file.string() + ": Not a directory");
  const auto below = file / "more";
  EXPECT_EQ(why_not(below, "a"), "migrations: " + below.string() + ": Not a directory");
  const auto long_name = std::string(300, 'x');
  EXPECT_NE(why_not(folder_.path(), long_name).find("File name too long"), std::string::npos);
}

} // namespace
} // namespace troupe::storage
