#include "world.hpp"

#include <algorithm>

using namespace troupe;

namespace {

struct fortune {
  int id = 0;
  std::string message;
};
TROUPE_COLUMNS(fortune, id, message)

void append_escaped(std::string& out, std::string_view text) {
  for (auto c : text) {
    switch (c) {
    case '&': out.append("&amp;"); break;
    case '<': out.append("&lt;"); break;
    case '>': out.append("&gt;"); break;
    case '"': out.append("&quot;"); break;
    case '\'': out.append("&#x27;"); break;
    default: out.push_back(c);
    }
  }
}

std::string render(const std::vector<fortune>& all) {
  std::string out = "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                    "<tr><th>id</th><th>message</th></tr>";
  for (const auto& each : all) {
    out.append("<tr><td>").append(std::to_string(each.id)).append("</td><td>");
    append_escaped(out, each.message);
    out.append("</td></tr>");
  }
  return out.append("</table></body></html>");
}

task<response> fortunes(context& ctx, const request&) {
  auto all = co_await ctx.db().query_as<fortune>("SELECT id, message FROM fortune");
  all.push_back({0, "Additional fortune added at request time."});
  std::sort(all.begin(), all.end(),
            [](const fortune& a, const fortune& b) { return a.message < b.message; });
  co_return html(render(all));
}

} // namespace

service fortune_service() {
  return service("fortunes").get("/fortunes", fortunes);
}
