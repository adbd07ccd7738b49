#include "gateway/admin_client.hpp"

#include "gateway/detail/http_question.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace troupe::gateway {

namespace {

/// All actors of a big node as JSON, and more.
constexpr std::uint64_t largest_answer = 256 * 1024 * 1024;

admin_client::answer carry_out(bool posts, const std::string& target, const config::endpoint& where,
                               const std::string& token, std::chrono::milliseconds limit) {
  http_question what{where, posts, target, {}, {}, largest_answer};
  if (!token.empty())
    what.fields.emplace_back("Authorization", "Bearer " + token);
  try {
    auto got = ask_http(what, "an admin address", limit);
    return {got.status, std::move(got.body)};
  } catch (const no_answer& e) {
    throw admin_error{e.what()};
  }
}

} // namespace

admin_client::admin_client(config::endpoint where, std::string token, std::chrono::milliseconds limit)
  : where_(std::move(where)), token_(std::move(token)), limit_(limit) {}

admin_client::answer admin_client::get(const std::string& target) const {
  return carry_out(false, target, where_, token_, limit_);
}

admin_client::answer admin_client::post(const std::string& target) const {
  return carry_out(true, target, where_, token_, limit_);
}

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char each : text) {
    const auto is_alphanumeric = (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z')
                                 || (each >= '0' && each <= '9');
    if (is_alphanumeric || std::string_view{"-._~"}.find(each) != std::string_view::npos)
      out.push_back(each);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(each));
  }
  return out;
}

} // namespace troupe::gateway
