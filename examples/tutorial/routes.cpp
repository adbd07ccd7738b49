#include <troupe/troupe.hpp>

using namespace troupe;

task<response> greet(context&, const request& req) {
  auto name = req.param<std::string>("name");
  auto times = req.query<int>("times", 1);
  if (times < 1 || times > 3)
    throw error{errc::invalid_argument, "times is from 1 to 3"};
  std::string out;
  for (int i = 0; i < times; ++i)
    out += "Hello, " + name + "! ";
  out.pop_back();
  co_return text(out);
}

task<response> add(context&, const request& req) {
  auto body = req.json();
  if (!body.is_object() || !body.contains("a") || !body.contains("b")
      || !body["a"].is_number_integer() || !body["b"].is_number_integer())
    throw error{errc::unprocessable, "expected {\"a\": integer, \"b\": integer}"};
  co_return json({{"sum", body["a"].get<int>() + body["b"].get<int>()}});
}

task<response> planet(context&, const request& req) {
  static const std::vector<std::string> names{"Mercury", "Venus", "Earth", "Mars"};
  co_return text(names.at(req.param<std::size_t>("place"))); // a bug: at() may throw
}

int main(int argc, char** argv) {
  auto greetings = service("greetings").get("/hello/{name}", greet);
  auto others = service("others").post("/add", add).get("/planets/{place}", planet);
  return run(argc, argv, {greetings, others});
}
