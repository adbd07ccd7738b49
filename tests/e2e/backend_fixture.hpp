#pragma once

#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/postgres_database.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

namespace troupe::test {

enum class backend { sqlite, postgres };

/// A demo gateway for each storage backend, started at first use and shared by the cases of a
/// suite. Cases on PostgreSQL skip themselves where TROUPE_TEST_POSTGRES names no server.
class on_each_backend : public testing::TestWithParam<backend> {
protected:
  void SetUp() override {
    if (GetParam() == backend::postgres && !postgres_server())
      GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
    auto& running = started()[GetParam()];
    if (!running)
      running = std::make_unique<instance>(GetParam());
    http_ = std::make_unique<http_client>(running->node.http_port());
  }

  static void TearDownTestSuite() { started().clear(); }

  [[nodiscard]] static gateway& node() { return started().at(GetParam())->node; }
  [[nodiscard]] http_client& http() { return *http_; }

private:
  struct instance {
    explicit instance(backend kind)
        : database(kind == backend::postgres ? std::make_unique<postgres_database>() : nullptr),
          node(with_flags({"--storage", database ? database->url() : "sqlite:demo.db"})) {}

    std::unique_ptr<postgres_database> database;
    gateway node;
  };

  static std::map<backend, std::unique_ptr<instance>>& started() {
    static std::map<backend, std::unique_ptr<instance>> all;
    return all;
  }

  std::unique_ptr<http_client> http_;
};

/// Cases with an empty database of their own on each backend, for nodes that they start. A SetUp of a derived fixture
/// begins with this one's, and ends where that has skipped the case.
class with_database : public testing::TestWithParam<backend> {
protected:
  void SetUp() override {
    if (GetParam() != backend::postgres)
      return;
    if (!postgres_server())
      GTEST_SKIP() << "TROUPE_TEST_POSTGRES is not set";
    database_ = std::make_unique<postgres_database>();
  }

  /// What --storage takes.
  [[nodiscard]] std::string storage_url() const {
    return database_ ? database_->url() : "sqlite:" + (folder_.path() / "app.db").string();
  }

  temp_directory folder_; // of the case
  std::unique_ptr<postgres_database> database_; // none on SQLite
};

inline std::string backend_name(const testing::TestParamInfo<backend>& info) {
  return info.param == backend::sqlite ? "Sqlite" : "Postgres";
}

/// Runs the suite on both backends.
#define TROUPE_ON_EACH_BACKEND(suite)                                                              \
  INSTANTIATE_TEST_SUITE_P(                                                                        \
      , suite,                                                                                     \
      testing::Values(::troupe::test::backend::sqlite, ::troupe::test::backend::postgres),         \
      ::troupe::test::backend_name)

} // namespace troupe::test
