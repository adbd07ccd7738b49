#include "actors/detail/http_date.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace troupe::detail {

namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> day_names{"Sun", "Mon", "Tue", "Wed",
                                                    "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> long_day_names{
  "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

constexpr std::int64_t first_second = -62167219200; // of the year 0
constexpr std::int64_t last_second = 253402300799;  // of the year 9999
constexpr std::int64_t seconds_per_day = 24 * 60 * 60;

void append_digits(std::string& out, int number, int width) {
  std::array<char, 4> digits{};
  for (int i = width; i > 0; number /= 10)
    digits[static_cast<std::size_t>(--i)] = static_cast<char>('0' + number % 10);
  out.append(digits.data(), static_cast<std::size_t>(width));
}

/// Takes the parts of a date off the front of a text. What does not fit makes it `failed` for good.
class date_reader {
public:
  explicit date_reader(std::string_view text) : rest_(text) {}

  void expect(std::string_view text) {
    failed_ = failed_ || !rest_.starts_with(text);
    if (!failed_)
      rest_.remove_prefix(text.size());
  }

  int number(std::size_t width) {
    int out = 0;
    failed_ = failed_ || rest_.size() < width;
    for (std::size_t i = 0; i < width && !failed_; ++i) {
      failed_ = rest_[i] < '0' || rest_[i] > '9';
      out = out * 10 + (rest_[i] - '0');
    }
    if (!failed_)
      rest_.remove_prefix(width);
    return out;
  }

  /// The day of the month in asctime's form: a space before a single digit.
  int padded_day() {
    if (!rest_.starts_with(' '))
      return number(2);
    expect(" ");
    return number(1);
  }

  template <std::size_t Size>
  int name(const std::array<std::string_view, Size>& names) {
    const auto found = std::ranges::find_if(
      names, [this](std::string_view each) { return rest_.starts_with(each); });
    failed_ = failed_ || found == names.end();
    if (!failed_)
      rest_.remove_prefix(found->size());
    return static_cast<int>(found - names.begin());
  }

  void time() {
    const auto hour = number(2);
    expect(":");
    const auto minute = number(2);
    expect(":");
    const auto second = number(2);
    failed_ = failed_ || hour > 23 || minute > 59 || second > 60; // 60: a leap second
    time_ = (hour * 60 + minute) * 60 + second;
  }

  [[nodiscard]] std::optional<std::int64_t> at(int year, int month, int day) const {
    const chrono::year_month_day date{chrono::year{year},
                                      chrono::month{static_cast<unsigned>(month + 1)},
                                      chrono::day{static_cast<unsigned>(day)}};
    if (failed_ || !rest_.empty() || !date.ok())
      return std::nullopt;
    return std::int64_t{chrono::sys_days{date}.time_since_epoch().count()} * seconds_per_day
           + time_;
  }

private:
  std::string_view rest_;
  bool failed_ = false;
  std::int64_t time_ = 0; // since midnight
};

std::optional<std::int64_t> parse_fixed(std::string_view text) {
  date_reader in{text};
  in.name(day_names);
  in.expect(", ");
  const auto day = in.number(2);
  in.expect(" ");
  const auto month = in.name(month_names);
  in.expect(" ");
  const auto year = in.number(4);
  in.expect(" ");
  in.time();
  in.expect(" GMT");
  return in.at(year, month, day);
}

int year_of(std::int64_t seconds) {
  const chrono::sys_days day{chrono::days{seconds / seconds_per_day}};
  return static_cast<int>(chrono::year_month_day{day}.year());
}

std::optional<std::int64_t> parse_rfc850(std::string_view text, std::int64_t now) {
  date_reader in{text};
  in.name(long_day_names);
  in.expect(", ");
  const auto day = in.number(2);
  in.expect("-");
  const auto month = in.name(month_names);
  in.expect("-");
  const auto year = in.number(2);
  in.expect(" ");
  in.time();
  in.expect(" GMT");
  // The latest year of that ending that is no more than 50 years ahead.
  const auto latest = year_of(std::clamp(now, first_second, last_second)) + 50;
  return in.at(latest - ((latest - year) % 100 + 100) % 100, month, day);
}

std::optional<std::int64_t> parse_asctime(std::string_view text) {
  date_reader in{text};
  in.name(day_names);
  in.expect(" ");
  const auto month = in.name(month_names);
  in.expect(" ");
  const auto day = in.padded_day();
  in.expect(" ");
  in.time();
  in.expect(" ");
  const auto year = in.number(4);
  return in.at(year, month, day);
}

} // namespace

std::string format_http_date(std::int64_t seconds) {
  seconds = std::clamp(seconds, first_second, last_second);
  const auto time =
    static_cast<int>(((seconds % seconds_per_day) + seconds_per_day) % seconds_per_day);
  const chrono::sys_days day{chrono::days{(seconds - time) / seconds_per_day}};
  const chrono::year_month_day date{day};
  std::string out{day_names[chrono::weekday{day}.c_encoding()]};
  out += ", ";
  append_digits(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out.append(" ").append(month_names[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_digits(out, static_cast<int>(date.year()), 4);
  out += ' ';
  append_digits(out, time / 3600, 2);
  out += ':';
  append_digits(out, time / 60 % 60, 2);
  out += ':';
  append_digits(out, time % 60, 2);
  return out + " GMT";
}

std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now) {
  if (auto fixed = parse_fixed(text))
    return fixed;
  auto obsolete = parse_rfc850(text, now);
  return obsolete ? obsolete : parse_asctime(text);
}

} // namespace troupe::detail
