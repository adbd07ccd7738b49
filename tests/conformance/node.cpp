// A node whose handlers answer with what they have seen of a request.
#include <troupe/troupe.hpp>

using namespace troupe;

namespace {

task<response> root(context&, const request&) {
  co_return text("root");
}

task<response> echo(context&, const request& req) {
  co_return text(req.has_body ? req.body : "no body");
}

task<response> show_target(context&, const request& req) {
  co_return text(req.target);
}

task<response> show_segment(context&, const request& req) {
  co_return text("x=" + req.param<std::string>("x"));
}

task<response> show_segments(context&, const request& req) {
  co_return text("x=" + req.param<std::string>("x") + " y=" + req.param<std::string>("y"));
}

task<response> show_fields(context&, const request& req) {
  std::string out;
  for (std::size_t i = 0; i < req.headers.size(); ++i) {
    auto [name, value] = req.headers[i];
    out.append(name).append("=").append(value).append(";");
  }
  co_return text(out);
}

task<response> answer_with(context&, const request& req) {
  response out;
  out.status = req.param<std::uint16_t>("code");
  out.body = "a body";
  co_return out;
}

} // namespace

int main(int argc, char** argv) {
  return run(argc, argv,
             {service("mirror")
                  .get("/", root)
                  .get("/echo", echo)
                  .post("/echo", echo)
                  .get("/target", show_target)
                  .get("/dir/", show_target)
                  .get("/a/{x}", show_segment)
                  .get("/a/{x}/{y}", show_segments)
                  .get("/fields", show_fields)
                  .post("/fields", show_fields)
                  .get("/status/{code}", answer_with)});
}
