// bench-drogon PORT DATABASE CONNECTIONS: TechEmpower's tests on Drogon, one loop, 127.0.0.1 only. As its own entry there
// has them: callbacks, the database's fast client, all statements of a request at once.
#include <drogon/drogon.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using drogon::HttpRequestPtr;
using drogon::HttpResponse;
using drogon::HttpResponsePtr;
using drogon::app;
using callback = std::function<void(const HttpResponsePtr&)>;

const std::string world_by_id = "SELECT id, randomnumber FROM world WHERE id = $1";

struct world {
  std::int32_t id;
  std::int32_t number;
};

std::int32_t random_id() {
  thread_local std::minstd_rand numbers{std::random_device{}()};
  return std::uniform_int_distribution<std::int32_t>{1, 10'000}(numbers);
}

int count_of(const HttpRequestPtr& request) {
  return std::clamp(std::atoi(request->getParameter("queries").c_str()), 1, 500);
}

Json::Value json_of(const world& each) {
  Json::Value out;
  out["id"] = each.id;
  out["randomNumber"] = each.number;
  return out;
}

HttpResponsePtr json_of(const std::vector<world>& all) {
  Json::Value out{Json::arrayValue};
  for (const auto& each : all)
    out.append(json_of(each));
  return HttpResponse::newHttpJsonResponse(std::move(out));
}

HttpResponsePtr failed(const drogon::orm::DrogonDbException& why) {
  std::fprintf(stderr, "%s\n", why.base().what());
  auto out = HttpResponse::newHttpResponse();
  out->setStatusCode(drogon::k500InternalServerError);
  return out;
}

void plaintext(const HttpRequestPtr&, callback&& answer) {
  auto out = HttpResponse::newHttpResponse();
  out->setContentTypeCode(drogon::CT_TEXT_PLAIN);
  out->setBody("Hello, World!");
  answer(out);
}

void json(const HttpRequestPtr&, callback&& answer) {
  Json::Value out;
  out["message"] = "Hello, World!";
  answer(HttpResponse::newHttpJsonResponse(std::move(out)));
}

/// All statements go out at once; `done` gets their rows.
void load(int count, callback answer, std::function<void(std::vector<world>&&, const callback&)> done) {
  struct state {
    std::vector<world> found;
    std::size_t wanted;
    callback answer;
    std::function<void(std::vector<world>&&, const callback&)> done;
  };
  auto all = std::make_shared<state>(state{{}, static_cast<std::size_t>(count), std::move(answer), std::move(done)});
  all->found.reserve(all->wanted);
  const auto client = app().getFastDbClient();
  for (int i = 0; i < count; ++i)
    *client << world_by_id << random_id() >> [all](const drogon::orm::Result& rows) {
      all->found.push_back({rows[0][0].as<std::int32_t>(), rows[0][1].as<std::int32_t>()});
      if (all->found.size() == all->wanted)
        all->done(std::move(all->found), all->answer);
    } >> [all](const drogon::orm::DrogonDbException& why) { all->answer(failed(why)); };
}

void db(const HttpRequestPtr&, callback&& answer) {
  load(1, std::move(answer), [](std::vector<world>&& found, const callback& to) {
    to(HttpResponse::newHttpJsonResponse(json_of(found.front())));
  });
}

void queries(const HttpRequestPtr& request, callback&& answer) {
  load(count_of(request), std::move(answer),
       [](std::vector<world>&& found, const callback& to) { to(json_of(found)); });
}

std::string array_of(const std::vector<world>& all, std::int32_t world::*member) {
  std::string out = "{";
  for (const auto& each : all)
    out += (out.size() > 1 ? "," : "") + std::to_string(each.*member);
  return out + '}';
}

/// All changes in one statement.
void batched_updates(const HttpRequestPtr& request, callback&& answer) {
  load(count_of(request), std::move(answer), [](std::vector<world>&& found, const callback& to) {
    for (auto& each : found)
      each.number = random_id();
    std::sort(found.begin(), found.end(), [](const world& a, const world& b) { return a.id < b.id; });
    *app().getFastDbClient()
      << "UPDATE world SET randomnumber = new.value FROM (SELECT DISTINCT ON (id) * FROM unnest($1::int[], $2::int[]) AS "
         "all_new(id, value) ORDER BY id) AS new WHERE world.id = new.id"
      << array_of(found, &world::id) << array_of(found, &world::number) >>
      [to, found](const drogon::orm::Result&) { to(json_of(found)); } >>
      [to](const drogon::orm::DrogonDbException& why) { to(failed(why)); };
  });
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const auto c : text) {
    switch (c) {
    case '&': out += "&amp;"; break;
    case '<': out += "&lt;"; break;
    case '>': out += "&gt;"; break;
    case '"': out += "&quot;"; break;
    case '\'': out += "&#39;"; break;
    default: out += c;
    }
  }
  return out;
}

void fortunes(const HttpRequestPtr&, callback&& answer) {
  *app().getFastDbClient() << "SELECT id, message FROM fortune" >> [answer](const drogon::orm::Result& rows) {
    std::vector<std::pair<int, std::string>> all;
    for (const auto& row : rows)
      all.emplace_back(row[0].as<int>(), row[1].as<std::string>());
    all.emplace_back(0, "Additional fortune added at request time.");
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    std::string page = "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
                       "<tr><th>id</th><th>message</th></tr>";
    for (const auto& [id, message] : all)
      page += "<tr><td>" + std::to_string(id) + "</td><td>" + escaped(message) + "</td></tr>";
    auto out = HttpResponse::newHttpResponse();
    out->setContentTypeCode(drogon::CT_TEXT_HTML);
    out->setBody(page + "</table></body></html>");
    answer(out);
  } >> [answer](const drogon::orm::DrogonDbException& why) { answer(failed(why)); };
}

/// The parts of postgres://USER@HOST:PORT/NAME.
struct address {
  std::string user, host, name;
  unsigned short port = 0;
};

address parse(const std::string& url) {
  const auto user = url.find("//") + 2;
  const auto host = url.find('@') + 1;
  const auto port = url.find(':', host) + 1;
  const auto name = url.find('/', port) + 1;
  return {url.substr(user, host - 1 - user), url.substr(host, port - 1 - host), url.substr(name),
          static_cast<unsigned short>(std::atoi(url.c_str() + port))};
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench-drogon PORT DATABASE CONNECTIONS\n");
    return 2;
  }
  const auto database = parse(argv[2]);
  const auto connections = static_cast<std::size_t>(std::atoi(argv[3]));
  constexpr bool is_fast = true;
  constexpr double no_timeout = -1;
  constexpr bool sends_together = true;
  app()
    .setLogLevel(trantor::Logger::kWarn)
    .addListener("127.0.0.1", static_cast<unsigned short>(std::atoi(argv[1])))
    .setThreadNum(1)
    .setIdleConnectionTimeout(0)
    .createDbClient("postgresql", database.host, database.port, database.name, database.user, "", connections, "",
                    "default", is_fast, "", no_timeout, sends_together)
    .registerHandler("/plaintext", &plaintext, {drogon::Get})
    .registerHandler("/json", &json, {drogon::Get})
    .registerHandler("/db", &db, {drogon::Get})
    .registerHandler("/queries", &queries, {drogon::Get})
    .registerHandler("/batched/updates", &batched_updates, {drogon::Get})
    .registerHandler("/fortunes", &fortunes, {drogon::Get})
    .run();
}
