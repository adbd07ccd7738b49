#include "services.hpp"

using namespace troupe;

namespace {

struct user_fields {
  std::string name;
  std::string email;
};

user_fields read_fields(const request& req) {
  auto body = req.json();
  for (const auto* field : {"name", "email"})
    if (!body.is_object() || !body.contains(field) || !body[field].is_string()
        || body[field].get_ref<const std::string&>().empty())
      throw error{errc::unprocessable, "\"" + std::string{field} + "\" is a text that is not empty"};
  return {body["name"], body["email"]};
}

task<response> list_users(context& ctx, const request&) {
  co_return json(co_await ctx.db().query("SELECT id, name, email FROM users ORDER BY id"));
}

task<response> show_user(context& ctx, const request& req) {
  auto id = req.param<int>("id"); // not an int: 400, said in the body
  // none: 404
  co_return json(co_await ctx.db().one("SELECT id, name, email FROM users WHERE id = $1", id));
}

task<response> create_user(context& ctx, const request& req) {
  auto [name, email] = read_fields(req);
  auto user = co_await ctx.db().one( // a second user with that email: 409
    "INSERT INTO users (name, email) VALUES ($1, $2) RETURNING id, name, email", name, email);
  co_return json(user).with_status(201).with_header(
    "Location", "/users/" + std::to_string(user.get<std::int64_t>("id")));
}

task<response> change_user(context& ctx, const request& req) {
  auto id = req.param<int>("id");
  auto [name, email] = read_fields(req);
  co_return json(co_await ctx.db().one(
    "UPDATE users SET name = $2, email = $3 WHERE id = $1 RETURNING id, name, email", id, name,
    email));
}

task<response> delete_user(context& ctx, const request& req) {
  auto id = req.param<int>("id");
  if (co_await ctx.db().exec("DELETE FROM users WHERE id = $1", id) == 0)
    throw error{errc::not_found, "no user " + std::to_string(id)};
  co_return status(204);
}

} // namespace

service user_service() {
  return service("users")
    .get("/users", list_users)
    .post("/users", create_user)
    .get("/users/{id}", show_user)
    .put("/users/{id}", change_user)
    .delete_("/users/{id}", delete_user);
}
