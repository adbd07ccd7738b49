// Input: a request's body. It is refused in words, or it is JSON that can be written and read again.

#include "actors/messages/errc.hpp"
#include "actors/messages/json_depth.hpp"
#include "actors/messages/request.hpp"
#include "tests/fuzz/fuzz.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe {
namespace {

int depth_of(const nlohmann::json& value) {
  int deepest = 0;
  if (value.is_structured())
    for (const auto& each : value)
      deepest = std::max(deepest, depth_of(each));
  return value.is_structured() ? deepest + 1 : 0;
}

} // namespace
} // namespace troupe

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace troupe;
  request what;
  what.has_body = true;
  what.body = fuzz::text_of(data, size);
  nlohmann::json value;
  try {
    value = what.json();
  } catch (const error& e) {
    fuzz::check(e.code() == errc::invalid_argument, "refused with another code");
    fuzz::check(std::string_view{e.what()}.starts_with("the body is"), "refused in other words");
    return 0;
  }
  fuzz::check(depth_of(value) <= detail::deepest_json, "JSON deeper than the limit");
  const auto text = value.dump();
  fuzz::check_equal(nlohmann::json::parse(text).dump(), text, "written and read again");
  return 0;
}
