// A node with every kind of route; each answers with the name of its route and what it was given.
#include <troupe/troupe.hpp>

namespace {

using namespace troupe;

/// Answers "NAME METHOD parameter=value ...".
handler say(std::string name, std::vector<std::string> parameters = {}) {
  return [=](context&, const request& req) -> task<response> {
    auto out = name + " " + std::string{to_string(req.method)};
    for (const auto& each : parameters)
      out += " " + each + "=" + req.param<std::string>(each);
    co_return text(out);
  };
}

} // namespace

int main(int argc, char** argv) {
  using enum http_method;
  return run(argc, argv,
             {service("users").group("/api/v1",
                                     [](route_group& api) {
                                       api.get("/users/{id:int}", say("by-id", {"id"}));
                                       api.get("/users/me", say("me"));
                                       api.post("/users/{name}", say("by-name", {"name"}));
                                       api.group("/admin", [](route_group& admin) {
                                         admin.get("", say("admin"));
                                       });
                                     }),
              service("files")
                  .get("/files/{path...}", say("file", {"path"}))
                  .add({put, patch}, "/files/{path...}", say("write", {"path"}))
                  .any("/echo", say("any"))
                  .post("/echo", say("post"))});
}
