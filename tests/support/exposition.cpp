#include "tests/support/exposition.hpp"

#include "tests/support/http_client.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>

namespace troupe::test {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class reader {
public:
  explicit reader(std::string_view text) : text_(text) {}

  exposition read() {
    check_utf8();
    if (text_.empty() || text_.back() != '\n')
      fail("the last line does not end with a line feed");
    while (!text_.empty()) {
      ++line_;
      const auto end = text_.find('\n');
      rest_ = text_.substr(0, end);
      text_.remove_prefix(end + 1);
      if (rest_.starts_with("#"))
        read_comment();
      else
        read_sample();
    }
    end_family();
    return std::move(out_);
  }

private:
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error{"line " + std::to_string(line_) + ": " + why + ": " + std::string{rest_}};
  }

  void check_utf8() const {
    try {
      static_cast<void>(nlohmann::json(std::string{text_}).dump());
    } catch (const nlohmann::json::exception& e) {
      throw std::runtime_error{e.what()};
    }
  }

  void expect(std::string_view what) {
    if (!rest_.starts_with(what))
      fail("\"" + std::string{what} + "\" is missing");
    rest_.remove_prefix(what.size());
  }

  std::string name() {
    std::size_t size = 0;
    while (size < rest_.size() && (is_letter(rest_[size]) || (size > 0 && is_digit(rest_[size]))))
      ++size;
    if (size == 0)
      fail("no name");
    std::string out{rest_.substr(0, size)};
    rest_.remove_prefix(size);
    return out;
  }

  void read_comment() {
    expect("# ");
    if (rest_.starts_with("HELP ")) {
      end_family();
      expect("HELP ");
      family_ = name();
      expect(" ");
      if (rest_.empty() || !helped_.insert(*family_).second)
        fail("no help, or twice");
      return;
    }
    expect("TYPE ");
    if (!family_ || name() != *family_)
      fail("TYPE without HELP before it");
    expect(" ");
    const std::string type{rest_};
    if (!std::set<std::string>{"counter", "gauge", "histogram"}.contains(type)
        || !out_.types.emplace(*family_, type).second)
      fail("no type, or twice");
    if ((type == "counter") != family_->ends_with("_total"))
      fail("counters, and nothing else, end with _total");
  }

  std::string label_value() {
    std::string out;
    for (;;) {
      if (rest_.empty())
        fail("a value without an end");
      const auto c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"')
        return out;
      if (c != '\\') {
        out.push_back(c);
        continue;
      }
      const auto escaped = rest_.empty() ? '\0' : rest_.front();
      if (escaped != '\\' && escaped != '"' && escaped != 'n')
        fail("an unknown escape");
      out.push_back(escaped == 'n' ? '\n' : escaped);
      rest_.remove_prefix(1);
    }
  }

  exposition::labels labels() {
    exposition::labels out;
    if (!rest_.starts_with("{"))
      return out;
    expect("{");
    while (!rest_.starts_with("}")) {
      if (!out.empty())
        expect(",");
      const auto key = name();
      expect("=\"");
      if (!out.emplace(key, label_value()).second)
        fail("a label twice");
    }
    expect("}");
    return out;
  }

  void read_sample() {
    exposition::sample made;
    made.name = name();
    made.of = labels();
    expect(" ");
    const std::string number{rest_};
    char* end = nullptr;
    made.value = std::strtod(number.c_str(), &end);
    if (number.empty() || number.front() == ' ' || *end != '\0')
      fail("no number");
    if (!family_ || !out_.types.contains(*family_))
      fail("a sample without HELP and TYPE");
    const auto& type = out_.types[*family_];
    const auto suffix = made.name.starts_with(*family_) ? made.name.substr(family_->size()) : "?";
    if (type == "histogram" ? suffix != "_bucket" && suffix != "_sum" && suffix != "_count" : !suffix.empty())
      fail("a sample of another family");
    if (type != "gauge" && !(made.value >= 0))
      fail("it counts, and is negative");
    if (!known_.emplace(made.name, made.of).second)
      fail("a sample twice");
    out_.samples.push_back(std::move(made));
    ++of_family_;
  }

  void end_family() {
    if (!family_)
      return;
    if (of_family_ == 0)
      fail("a family without samples");
    if (out_.types[*family_] == "histogram")
      check_buckets();
    family_.reset();
    of_family_ = 0;
  }

  void check_buckets() {
    std::map<exposition::labels, std::map<double, double>> buckets;
    for (const auto& each : out_.samples)
      if (each.name == *family_ + "_bucket") {
        auto of = each.of;
        const auto bound = of.extract("le");
        if (bound.empty())
          fail("a bucket without a bound");
        buckets[of].emplace(std::strtod(bound.mapped().c_str(), nullptr), each.value);
      }
    for (const auto& [of, each] : buckets) {
      double before = 0;
      for (const auto& [bound, count] : each) {
        if (count < before)
          fail("buckets that do not add up");
        before = count;
      }
      if (!std::isinf(each.rbegin()->first) || out_.value(*family_ + "_count", of) != before
          || !out_.has(*family_ + "_sum", of))
        fail("a histogram that is not whole");
    }
    if (buckets.empty())
      fail("a histogram without buckets");
  }

  std::string_view text_;
  std::string_view rest_;
  std::size_t line_ = 0;
  exposition out_;
  std::optional<std::string> family_;
  std::size_t of_family_ = 0;
  std::set<std::string> helped_;
  std::set<std::pair<std::string, exposition::labels>> known_;
};

} // namespace

double exposition::value(std::string_view name, const labels& of) const {
  for (const auto& each : samples)
    if (each.name == name && each.of == of)
      return each.value;
  throw std::out_of_range{"no sample " + std::string{name} + nlohmann::json(of).dump()};
}

double exposition::sum(std::string_view name, const labels& with) const {
  double out = 0;
  for (const auto& each : samples)
    if (each.name == name && std::includes(each.of.begin(), each.of.end(), with.begin(), with.end()))
      out += each.value;
  return out;
}

bool exposition::has(std::string_view name, const labels& of) const {
  for (const auto& each : samples)
    if (each.name == name && each.of == of)
      return true;
  return false;
}

exposition parse_exposition(std::string_view text) {
  return reader{text}.read();
}

exposition metrics_at(std::uint16_t admin_port) {
  const auto answer = get(admin_port, "/metrics");
  if (answer.status != 200)
    throw std::runtime_error{"GET /metrics: " + std::to_string(answer.status)};
  return parse_exposition(answer.body);
}

} // namespace troupe::test
