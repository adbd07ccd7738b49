#include "gateway/detail/tls_context.hpp"

#include "config/error.hpp"
#include "tests/support/certificates.hpp"

#include <gtest/gtest.h>

namespace troupe::gateway {
namespace {

struct files_of_test {
  test::temp_directory folder;
  test::certificate_authority authority{folder, "ca"};
};

/// The title of the certificate that a client gets that asks for `name`.
class chooser {
public:
  explicit chooser(const std::vector<std::pair<std::string, std::vector<std::string>>>& wishes) {
    config::tls_settings settings;
    for (const auto& [title, names] : wishes) {
      settings.certificates.push_back(files_.authority.issue({title, names}).both);
      titles_.push_back(title);
    }
    context_.emplace(settings);
  }
  std::string operator()(std::string_view name) const { return titles_[context_->choose(name)]; }

private:
  files_of_test files_;
  std::vector<std::string> titles_;
  std::optional<tls_context> context_;
};

TEST(tls_context, chooses_the_certificate_that_has_the_name) {
  const chooser chosen{{{"first", {"DNS:a.example"}},
                        {"second", {"DNS:b.example", "DNS:c.example"}}}};
  EXPECT_EQ(chosen("a.example"), "first");
  EXPECT_EQ(chosen("b.example"), "second");
  EXPECT_EQ(chosen("C.EXAMPLE"), "second");
}

TEST(tls_context, falls_back_on_the_first_certificate) {
  const chooser chosen{{{"first", {"DNS:a.example"}}, {"second", {"DNS:b.example"}}}};
  for (const char* name : {"", ".", "other.example", "x.b.example", "example", "b.example.org"})
    EXPECT_EQ(chosen(name), "first") << name;
}

TEST(tls_context, lets_a_wildcard_stand_for_one_label) {
  const chooser chosen{{{"first", {"DNS:a.example"}}, {"wild", {"DNS:*.b.example"}}}};
  EXPECT_EQ(chosen("x.b.example"), "wild");
  EXPECT_EQ(chosen("b.example"), "first");
  EXPECT_EQ(chosen("x.y.b.example"), "first");
  EXPECT_EQ(chosen("*.b.example"), "wild"); // no name that anybody asks for
}

TEST(tls_context, prefers_the_exact_name_to_a_wildcard_and_the_first_of_two) {
  const chooser chosen{{{"wild", {"DNS:*.b.example"}},
                        {"exact", {"DNS:x.b.example"}},
                        {"late", {"DNS:x.b.example"}}}};
  EXPECT_EQ(chosen("x.b.example"), "exact");
  EXPECT_EQ(chosen("y.b.example"), "wild");
}

TEST(tls_context, ignores_the_common_name) {
  const chooser chosen{{{"first", {"DNS:a.example"}}, {"b.example", {}}}};
  EXPECT_EQ(chosen("b.example"), "first");
}

TEST(tls_context, reads_keys_from_files_of_their_own) {
  const files_of_test files;
  const auto issued = files.authority.issue({"some", {"DNS:a.example"}});
  config::tls_settings settings;
  settings.certificates = {issued.certificate};
  settings.keys = {issued.key};
  const tls_context made{settings};
  ASSERT_EQ(made.certificates().size(), 1U);
  EXPECT_EQ(made.certificates().front().names, std::vector<std::string>{"a.example"});
  EXPECT_TRUE(made.new_connection());
}

TEST(tls_context, makes_a_certificate_of_its_own) {
  config::tls_settings settings;
  settings.self_signed = true;
  const tls_context made{settings};
  ASSERT_EQ(made.certificates().size(), 1U);
  EXPECT_EQ(made.certificates().front().names.front(), "localhost");
}

// -- files that cannot be used ------------------------------------------------------------------------

/// What is said of these settings; empty when they can be used.
std::string problem_of(const config::tls_settings& settings) {
  try {
    const tls_context made{settings};
    return {};
  } catch (const config::config_error& e) {
    return e.what();
  }
}

std::string problem_of(std::vector<std::string> certificates, std::vector<std::string> keys = {}) {
  config::tls_settings settings;
  settings.certificates = std::move(certificates);
  settings.keys = std::move(keys);
  return problem_of(settings);
}

bool names(const std::string& problem, const char* key, const std::string& file,
           const char* why = "") {
  return problem.starts_with(key + (": found " + file + ", which cannot be used: "))
         && problem.find(why) != std::string::npos && problem.find('\n') == std::string::npos;
}

TEST(tls_context, names_a_certificate_that_cannot_be_used) {
  const files_of_test files;
  const auto good = files.authority.issue({"good", {}}).both;
  const auto missing = (files.folder.path() / "none.pem").string();
  EXPECT_EQ(problem_of({good}), "");
  auto said = problem_of({good, missing});
  EXPECT_TRUE(names(said, "tls.certificates", missing, "No such file")) << said;
  for (const char* content : {"", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END "
                                          "CERTIFICATE-----\n"}) {
    const auto bad = files.folder.write("bad.pem", content).string();
    said = problem_of({bad});
    EXPECT_TRUE(names(said, "tls.certificates", bad)) << said;
    EXPECT_EQ(said.find("unknown reason"), std::string::npos) << said;
  }
}

TEST(tls_context, names_a_key_that_cannot_be_used) {
  const files_of_test files;
  const auto one = files.authority.issue({"one", {}});
  const auto other = files.authority.issue({"other", {}});
  EXPECT_EQ(problem_of({one.certificate}, {one.key}), "");
  auto said = problem_of({one.certificate}, {other.key});
  EXPECT_TRUE(names(said, "tls.keys", other.key, "mismatch")) << said;
  said = problem_of({one.certificate}); // which has none beside it
  EXPECT_TRUE(names(said, "tls.keys", one.certificate)) << said;
  said = problem_of({one.both, other.both}, {one.key, other.key + "x"});
  EXPECT_TRUE(names(said, "tls.keys", other.key + "x", "No such file")) << said;
}

TEST(tls_context, does_not_ask_for_the_password_of_a_key) {
  const files_of_test files;
  const auto some = files.authority.issue({"some", {}});
  const auto locked = files.folder.write("locked.key", files.authority.locked_key("secret"));
  const auto said = problem_of({some.certificate}, {locked.string()});
  EXPECT_TRUE(names(said, "tls.keys", locked.string(), "password")) << said;
}

TEST(tls_context, names_an_authority_that_cannot_be_used) {
  const files_of_test files;
  config::tls_settings settings;
  settings.certificates = {files.authority.issue({"some", {}}).both};
  settings.client_certificate = config::client_certificate::required;
  settings.client_ca = files.authority.file();
  EXPECT_EQ(problem_of(settings), "");
  settings.client_ca = (files.folder.path() / "none.pem").string();
  auto said = problem_of(settings);
  EXPECT_TRUE(names(said, "tls.client_ca", settings.client_ca, "No such file")) << said;
  settings.client_ca = files.folder.write("bad.pem", "junk").string();
  said = problem_of(settings);
  EXPECT_TRUE(names(said, "tls.client_ca", settings.client_ca)) << said;
}

} // namespace
} // namespace troupe::gateway
