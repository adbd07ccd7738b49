#include "actors/detail/sql_time.hpp"

#include <charconv>
#include <optional>

namespace troupe::detail {

namespace {

constexpr std::int64_t one_second = 1'000'000;
constexpr std::int64_t one_minute = 60 * one_second;
constexpr std::int64_t one_hour = 60 * one_minute;
constexpr std::int64_t one_day = 24 * one_hour;

constexpr std::string_view infinite = "it is infinite";
constexpr std::string_view too_far = "it is out of range";
constexpr std::string_view too_fine = "it has more digits than microseconds";

/// Of the proleptic Gregorian calendar, year 0 being 1 BC.
struct civil {
  std::int64_t year = 0;
  unsigned month = 0;
  unsigned day = 0;
};

// std::chrono's calendar ends with the year 32767, PostgreSQL's does not. An era has 400 years.
constexpr std::int64_t era_years = 400;
constexpr std::int64_t era_days = 146'097;

std::chrono::year_month_day in_era(civil date, std::int64_t& era) {
  era = date.year / era_years - (date.year % era_years < 0 ? 1 : 0);
  return std::chrono::year{static_cast<int>(date.year - era * era_years)}
         / std::chrono::month{date.month} / std::chrono::day{date.day};
}

std::int64_t days_of(civil date) {
  std::int64_t era = 0;
  const auto within = in_era(date, era);
  return std::chrono::sys_days{within}.time_since_epoch().count() + era * era_days;
}

civil civil_of(std::int64_t days) {
  const auto era = days / era_days - (days % era_days < 0 ? 1 : 0);
  const std::chrono::year_month_day within{
    std::chrono::sys_days{std::chrono::days{days - era * era_days}}};
  return {int{within.year()} + era * era_years, unsigned{within.month()}, unsigned{within.day()}};
}

void append_padded(std::string& out, std::int64_t number, std::size_t width) {
  const auto digits = std::to_string(number);
  if (digits.size() < width)
    out.append(width - digits.size(), '0');
  out += digits;
}

void append_date(std::string& out, civil date) {
  append_padded(out, date.year > 0 ? date.year : 1 - date.year, 4);
  out += '-';
  append_padded(out, date.month, 2);
  out += '-';
  append_padded(out, date.day, 2);
}

void append_time(std::string& out, std::uint64_t microseconds) {
  const auto seconds = static_cast<std::int64_t>(microseconds / std::uint64_t{one_second});
  append_padded(out, seconds / 3600, 2);
  out += ':';
  append_padded(out, seconds / 60 % 60, 2);
  out += ':';
  append_padded(out, seconds % 60, 2);
  out += '.';
  append_padded(out, static_cast<std::int64_t>(microseconds % std::uint64_t{one_second}), 6);
}

bool is_decimal_digit(char c) {
  return c >= '0' && c <= '9';
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c))
    return false;
  text.remove_prefix(1);
  return true;
}

/// Digits, at least and at most so many; small enough for any arithmetic here.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t size = 0;
  while (size < text.size() && is_decimal_digit(text[size]))
    ++size;
  if (size < least || size > most)
    return std::nullopt;
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + size, number);
  text.remove_prefix(size);
  return number;
}

/// ".5" as microseconds; nothing there is 0.
std::optional<std::int64_t> take_fraction(std::string_view& text, std::string_view& defect) {
  if (!take(text, '.'))
    return 0;
  std::int64_t out = 0;
  std::size_t digits = 0;
  for (; !text.empty() && is_decimal_digit(text.front()); text.remove_prefix(1), ++digits) {
    if (digits < 6)
      out = out * 10 + (text.front() - '0');
    else if (text.front() != '0')
      defect = too_fine;
  }
  if (digits == 0)
    return std::nullopt;
  for (; digits < 6; ++digits)
    out *= 10;
  return out;
}

/// "12:00[:00[.5]]" as microseconds.
std::optional<std::int64_t> take_time(std::string_view& text, std::size_t hour_digits,
                                      std::string_view& defect) {
  const auto hours = take_digits(text, 2, hour_digits);
  if (!hours || !take(text, ':'))
    return std::nullopt;
  const auto minutes = take_digits(text, 2, 2);
  if (!minutes || *minutes > 59)
    return std::nullopt;
  std::int64_t rest = *minutes * one_minute;
  if (take(text, ':')) {
    const auto seconds = take_digits(text, 2, 2);
    const auto fraction = take_fraction(text, defect);
    if (!seconds || *seconds > 59 || !fraction)
      return std::nullopt;
    rest += *seconds * one_second + *fraction;
  }
  std::int64_t out = 0;
  if (__builtin_mul_overflow(*hours, one_hour, &out) || __builtin_add_overflow(out, rest, &out)) {
    defect = too_far;
    return 0;
  }
  return out;
}

/// "Z", "+02", "+0230", "+02:30[:15]" as microseconds; nothing is UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, 'Z') || text.empty())
    return 0;
  const bool west = text.starts_with('-');
  if (!take(text, '-') && !take(text, '+'))
    return std::nullopt;
  std::int64_t out = 0;
  std::int64_t unit = one_hour;
  for (; unit >= one_second; unit /= 60) {
    auto two = text.substr(0, 2);
    const auto part = take_digits(two, 2, 2);
    if (!part)
      return std::nullopt;
    text.remove_prefix(2);
    out += *part * unit;
    const bool more = take(text, ':') || (!text.empty() && is_decimal_digit(text.front()));
    if (!more)
      return west ? -out : out;
  }
  return std::nullopt;
}

/// The text without its " BC", and the date at its start.
std::optional<civil> take_date(std::string_view& text) {
  const bool before_christ = text.ends_with(" BC");
  if (before_christ)
    text.remove_suffix(3);
  const auto year = take_digits(text, 4, 9);
  if (!year || !take(text, '-'))
    return std::nullopt;
  const auto month = take_digits(text, 2, 2);
  if (!month || !take(text, '-'))
    return std::nullopt;
  const auto of_month = take_digits(text, 2, 2);
  if (!of_month || (before_christ && *year == 0))
    return std::nullopt;
  const civil out{before_christ ? 1 - *year : *year, static_cast<unsigned>(*month),
                  static_cast<unsigned>(*of_month)};
  std::int64_t era = 0;
  if (!in_era(out, era).ok())
    return std::nullopt;
  return out;
}

bool is_infinite(std::string_view text) {
  return text == "infinity" || text == "-infinity";
}

/// "3 days" and the like at the front of an interval, as microseconds.
std::optional<std::int64_t> take_days(std::string_view& text, std::string_view& defect) {
  std::int64_t count = 0;
  auto rest = text;
  take(rest, '+');
  const auto read = std::from_chars(rest.data(), rest.data() + rest.size(), count);
  if (read.ec != std::errc{})
    return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(read.ptr - rest.data()));
  if (!take(rest, ' '))
    return std::nullopt;
  const auto unit = rest.substr(0, rest.find(' '));
  rest.remove_prefix(unit.size());
  take(rest, ' ');
  text = rest;
  if (unit == "mon" || unit == "mons" || unit == "year" || unit == "years") {
    defect = "it has months or years, which have no length";
    return 0;
  }
  if (unit != "day" && unit != "days")
    return std::nullopt;
  std::int64_t out = 0;
  if (__builtin_mul_overflow(count, one_day, &out))
    defect = too_far;
  return out;
}

} // namespace

std::string timestamp_text(std::int64_t microseconds) {
  const auto days = microseconds / one_day - (microseconds % one_day < 0 ? 1 : 0);
  const auto date = civil_of(days);
  std::string out;
  append_date(out, date);
  out += 'T';
  const auto of_day = microseconds % one_day;
  append_time(out, static_cast<std::uint64_t>(of_day < 0 ? of_day + one_day : of_day));
  return out + (date.year > 0 ? "Z" : "Z BC");
}

std::string date_text(std::chrono::year_month_day date) {
  std::string out;
  append_date(out, {int{date.year()}, unsigned{date.month()}, unsigned{date.day()}});
  return int{date.year()} > 0 ? out : out + " BC";
}

std::string time_text(std::int64_t microseconds) {
  std::string out{microseconds < 0 ? "-" : ""};
  // The smallest number has no counterpart among the signed ones.
  append_time(out, microseconds < 0 ? 0 - static_cast<std::uint64_t>(microseconds)
                                    : static_cast<std::uint64_t>(microseconds));
  return out;
}

parsed<std::int64_t> parse_timestamp(std::string_view text) {
  const parsed<std::int64_t> none{0, "it is no date and time"};
  if (is_infinite(text))
    return {0, infinite};
  const auto date = take_date(text);
  if (!date)
    return none;
  std::string_view defect;
  std::int64_t of_day = 0;
  if (take(text, 'T') || take(text, ' ')) {
    const auto time = take_time(text, 2, defect);
    const auto offset = time ? take_offset(text) : std::nullopt;
    if (!offset || *time > one_day)
      return none;
    of_day = *time - *offset;
  }
  if (!text.empty())
    return none;
  // In two halves: the first microseconds that can be counted lie on a day whose midnight cannot.
  const auto days = days_of(*date);
  std::int64_t out = 0;
  const auto early = days < 0 ? 1 : 0;
  if (__builtin_mul_overflow(days + early, one_day, &out)
      || __builtin_add_overflow(out, of_day - early * one_day, &out))
    return {0, too_far};
  return {out, defect};
}

parsed<std::chrono::year_month_day> parse_date(std::string_view text) {
  if (is_infinite(text))
    return {{}, infinite};
  const auto date = take_date(text);
  if (!date)
    return {{}, "it is no date"};
  if (!text.empty())
    return {{}, "it is more than a date"};
  if (date->year < int{std::chrono::year::min()} || date->year > int{std::chrono::year::max()})
    return {{}, too_far};
  return {std::chrono::year{static_cast<int>(date->year)} / std::chrono::month{date->month}
            / std::chrono::day{date->day},
          {}};
}

parsed<std::int64_t> parse_time(std::string_view text) {
  const parsed<std::int64_t> none{0, "it is no time of day and no interval"};
  if (is_infinite(text))
    return {0, infinite};
  if (text.empty())
    return none;
  std::string_view defect;
  std::int64_t out = 0;
  while (!text.empty() && text.find(' ') != std::string_view::npos) {
    const auto days = take_days(text, defect);
    if (!days)
      return none;
    if (__builtin_add_overflow(out, *days, &out))
      defect = too_far;
  }
  if (!text.empty()) {
    const bool negative = take(text, '-');
    if (!negative)
      take(text, '+');
    auto time = take_time(text, 10, defect);
    if (!time)
      return none;
    if (!text.empty())
      return {0, take_offset(text) && text.empty() ? "it has an offset from UTC" : none.defect};
    if (__builtin_add_overflow(out, negative ? -*time : *time, &out))
      defect = too_far;
  }
  return {out, defect};
}

} // namespace troupe::detail
