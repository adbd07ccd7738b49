#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// What the fuzz targets share. Each target is one file with an LLVMFuzzerTestOneInput.
namespace troupe::fuzz {

/// The input as text. Views into it are good for one call.
inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the run as a finding: libFuzzer keeps the input. What cannot be printed stands as "?".
[[noreturn]] inline void finding(std::string what) {
  for (auto& c : what)
    if (c != '\n' && (c < ' ' || c > '~'))
      c = '?';
  std::fprintf(stderr, "finding: %s\n", what.c_str());
  std::abort();
}

inline void check(bool holds, std::string_view what) {
  if (!holds)
    finding(std::string{what});
}

inline void check_equal(std::string_view found, std::string_view expected, std::string_view what) {
  if (found != expected)
    finding(std::string{what} + "\n--- found\n" + std::string{found} + "\n--- expected\n"
            + std::string{expected});
}

/// Takes the text before the first `separator`, or all of it, off the front of `rest`.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return out;
}

/// Numbers that follow from the input alone, so that an input always does the same.
class derived_numbers {
public:
  explicit derived_numbers(std::string_view input) {
    for (const char c : input)
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }

  /// From 1 to `most`.
  std::size_t next(std::size_t most) {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return 1 + static_cast<std::size_t>(state_ >> 33) % most;
  }

private:
  std::uint64_t state_ = 0xcbf29ce484222325;
};

} // namespace troupe::fuzz
