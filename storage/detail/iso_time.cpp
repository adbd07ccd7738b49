#include "storage/detail/iso_time.hpp"

#include <cctype>
#include <cstddef>

namespace troupe::storage {

namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// "+02" or "+0230" or "+02:30[:15]" -> with colons; zero -> "Z".
std::string iso_offset(std::string_view offset) {
  if (offset.size() == 3)
    return offset.substr(1) == "00" ? "Z" : std::string{offset} + ":00";
  if (offset.size() == 5 && offset[3] != ':')
    return iso_offset(std::string{offset.substr(0, 3)} + ':' + std::string{offset.substr(3)});
  return offset.substr(1) == "00:00" ? "Z" : std::string{offset};
}

} // namespace

std::string to_iso_time(std::string_view text, bool utc_without_offset) {
  // The year has four digits or more: find the day instead of counting from the front.
  const auto gap = text.find_first_of(" T");
  const bool has_date_and_time = gap != std::string_view::npos && gap >= 10 && text.size() > gap + 5
                                 && is_digit(text.front()) && is_digit(text[gap + 1])
                                 && text[gap - 3] == '-' && text[gap + 3] == ':';
  if (!has_date_and_time || text.ends_with("BC"))
    return std::string{text};
  auto time = text.substr(gap + 1);
  const auto offset_at = time.find_first_of("+-Z");
  std::string out{text.substr(0, gap)};
  out += 'T';
  out += time.substr(0, offset_at);
  if (offset_at == std::string_view::npos)
    return utc_without_offset ? out + 'Z' : out;
  return out + (time[offset_at] == 'Z' ? "Z" : iso_offset(time.substr(offset_at)));
}

} // namespace troupe::storage
