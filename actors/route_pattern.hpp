#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A route's path, e.g. "/users/{id}": literal segments and parameters that match one segment.
class route_pattern {
public:
  struct segment {
    std::string text; // the literal, or the parameter's name
    bool is_parameter = false;
  };

  /// Throws std::invalid_argument with one line that says what is wrong with the pattern.
  explicit route_pattern(std::string_view text);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  [[nodiscard]] const std::vector<segment>& segments() const& noexcept { return segments_; }
  const std::vector<segment>& segments() const&& = delete; // would dangle

  /// The pattern without the parameters' names, "/users/{}": two routes with the same shape and
  /// method would match the same requests.
  [[nodiscard]] std::string shape() const;

private:
  std::string text_;
  std::vector<segment> segments_;
};

} // namespace troupe
