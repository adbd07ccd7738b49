// HTTP/1.1 as RFC 9110 and RFC 9112 have it, as a table: a real gateway gets the bytes of each row
// over a real connection, whole and cut, and must react as the row allows, each time alike.
#include "tests/conformance/exchange.hpp"
#include "tests/support/node.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <regex>
#include <set>

namespace troupe::test {
namespace {

const conformance_table& table() {
  static const auto all = all_cases();
  return all;
}

node_options limited() {
  return {"conformance-node",
          {"--threads", "1", "--access-log", "false", "--http-max-header-bytes",
           std::to_string(header_limit), "--http-max-target-bytes", std::to_string(target_limit),
           "--http-max-body-bytes", std::to_string(body_limit), "--http-max-headers",
           std::to_string(field_limit), "--http-head-timeout", "600s", "--http-body-timeout",
           "600s"},
          {}};
}

/// One node for all cases, and what it does with each row when all bytes come at once.
class Conformance : public testing::Test {
protected:
  static void SetUpTestSuite() {
    node_ = std::make_unique<gateway>(limited());
    std::vector<script> scripts;
    for (const auto& each : table())
      scripts.push_back(in_one_piece(each));
    whole_ = play(node_->http_port(), scripts);
  }
  static void TearDownTestSuite() { node_.reset(); }

  static const reaction& whole(std::size_t row) { return whole_[row]; }
  static std::uint16_t port() { return node_->http_port(); }

  /// Plays scripts and expects of each what the bytes in one piece gave.
  static void expect_the_same(const std::vector<script>& scripts) {
    const auto reactions = play(port(), scripts);
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      const auto& of = *scripts[i].of;
      const auto& expected = whole(static_cast<std::size_t>(&of - table().data()));
      EXPECT_EQ(to_text(reactions[i]), to_text(expected))
          << of.name << " (RFC " << of.section << "), " << scripts[i].pieces.size()
          << " pieces, the first of " << scripts[i].pieces.front().size() << " bytes";
    }
  }

private:
  static inline std::unique_ptr<gateway> node_;
  static inline std::vector<reaction> whole_;
};

TEST_F(Conformance, EachReactionIsAllowed) {
  for (std::size_t i = 0; i < table().size(); ++i)
    EXPECT_EQ(objection(table()[i], whole(i)), "")
        << table()[i].name << " (RFC " << table()[i].section << "): " << to_text(whole(i));
}

TEST_F(Conformance, OneByteAtATimeGivesTheSameAnswers) {
  std::vector<script> scripts;
  for (const auto& each : table())
    scripts.push_back(byte_by_byte(each));
  expect_the_same(scripts);
}

TEST_F(Conformance, ACutAtAnyPositionGivesTheSameAnswers) {
  std::vector<script> scripts;
  for (const auto& each : table())
    for (std::size_t at = 1; at < each.bytes.size(); ++at)
      scripts.push_back(cut_in_two(each, at));
  expect_the_same(scripts);
  std::cout << table().size() << " rows, " << scripts.size() << " cuts\n";
}

TEST(ConformanceTable, HasRowsOfDifferentNamesWithTheirSections) {
  EXPECT_GE(table().size(), 150u);
  std::set<std::string> names;
  const std::regex section{"(9110|9112|9113|3986|6585) ([0-9]+|[A-Z])(\\.[0-9]+)*"};
  for (const auto& each : table()) {
    EXPECT_TRUE(names.insert(each.name).second) << each.name;
    EXPECT_TRUE(std::regex_match(each.section, section)) << each.name << ": " << each.section;
    EXPECT_FALSE(each.bytes.empty() || each.allowed.empty()) << each.name;
  }
}

TEST(ConformanceTable, HasNoRowThatTakesAnyReaction) {
  for (const auto& each : table()) {
    reaction right;
    for (std::size_t i = 1; i < each.answers; ++i)
      right.answers.push_back({200, ""});
    if (each.allowed.front() != no_answer)
      right.answers.push_back({each.allowed.front(), each.body.value_or("")});
    right.stays_open = each.after == fate::stays
                       || (each.after == fate::closes_if_refused && each.allowed.front() < 400);
    EXPECT_EQ(objection(each, right), "") << each.name;

    const auto expect_objection = [&](auto change) {
      auto wrong = right;
      change(wrong);
      EXPECT_NE(objection(each, wrong), "") << each.name << ": " << to_text(wrong);
    };
    expect_objection([](reaction& r) { r.stays_open = !r.stays_open; });
    expect_objection([](reaction& r) { r.answers.push_back({200, "smuggled"}); });
    expect_objection([](reaction& r) { r.answers = {{299, ""}}; });
    expect_objection([](reaction& r) { r.trouble = "nothing more came in time"; });
    if (each.body)
      expect_objection([](reaction& r) { r.answers.back().body += "x"; });
  }
}

} // namespace
} // namespace troupe::test
