#include "actors/columns.hpp"

#include "actors/messages/response.hpp"
#include "actors/rows.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <chrono>

namespace shop {

enum class color { red, green, blue = 7 };
TROUPE_ENUM(color, red, green, blue)

enum class state { running, done };
inline troupe::detail::enum_names troupe_enum(troupe::detail::tag<state>) {
  static constexpr troupe::detail::enum_name names[] = {{"in-progress", 0}, {"done", 1}};
  return {"state", names};
}

struct user {
  int id = 0;
  std::string name;
  std::optional<std::string> email;
};
TROUPE_COLUMNS(user, id, name, email)

struct item {
  std::int64_t id;
  bool sold;
  double weight;
  troupe::numeric price;
  troupe::blob picture;
  color paint;
  std::optional<color> second;
  std::vector<std::string> tags;
  std::chrono::sys_time<std::chrono::microseconds> made;
  std::chrono::year_month_day day;
  nlohmann::json extra;
  std::uint64_t count;
};
TROUPE_COLUMNS(item, id, sold, weight, price, picture, paint, second, tags, made, day, extra, count)

struct wide {
  int a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, a8 = 0, a9 = 0, a10 = 0;
  int b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, b8 = 0, b9 = 0, b10 = 0;
  int c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0, c10 = 0;
  int d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0, d7 = 0, d8 = 0, d9 = 0, d10 = 0;
};
TROUPE_COLUMNS(wide, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, c1, c2,
               c3, c4, c5, c6, c7, c8, c9, c10, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10)

struct other_base {
  int padding = 0;
};
struct manager : other_base, user {
  int level = 0;
};
TROUPE_COLUMNS(manager, id, level)

/// With JSON of its own, both ways, said before and after.
struct price {
  int cents = 0;
  std::string currency;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(price, cents, currency)
TROUPE_COLUMNS(price, cents)

struct size {
  int width = 0;
  int height = 0;
};
TROUPE_COLUMNS(size, width)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(size, width, height)

class tax {
public:
  int rate = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(tax, rate)
};
TROUPE_COLUMNS(tax, rate)

/// Read from JSON by itself, written by its columns.
struct wish {
  std::string text;
};
TROUPE_COLUMNS(wish, text)
void from_json(const nlohmann::json& from, wish& to) {
  to.text = from.at("wish").get<std::string>();
}

} // namespace shop

namespace troupe {
namespace {

using std::int64_t;
using std::string;
using namespace std::chrono_literals;

rows result(std::vector<string> columns, std::vector<sql_value> cells) {
  return rows{sql_result{std::move(columns), std::move(cells), 0}};
}

template <class T>
string failure_of(const rows& from) {
  string one;
  try {
    (void)from[0].as<T>();
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::internal);
    one = e.what();
  }
  try {
    (void)from.as<T>();
    ADD_FAILURE() << "read";
  } catch (const error& e) {
    EXPECT_EQ(one, e.what()); // one row and all of them say the same
  }
  return one;
}

TEST(columns, fill_a_struct_by_name_in_whatever_order) {
  const auto all = result({"email", "extra", "name", "id"},
                          {sql_value{}, true, string{"ann"}, int64_t{1}, string{"b@x"}, false, string{"bob"},
                           int64_t{2}});
  const auto users = all.as<shop::user>();
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].id, 1);
  EXPECT_EQ(users[0].name, "ann");
  EXPECT_EQ(users[0].email, std::nullopt);
  EXPECT_EQ(users[1].email, "b@x");
  EXPECT_EQ(all[1].as<shop::user>().name, "bob");
  EXPECT_TRUE(result({"id", "name", "email"}, {}).as<shop::user>().empty());
}

TEST(columns, take_members_of_every_type) {
  const auto all = result({"id", "sold", "weight", "price", "picture", "paint", "second", "tags", "made", "day",
                           "extra", "count"},
                          {int64_t{1}, int64_t{1}, int64_t{3}, numeric{"1.50"}, blob{"\x01"}, string{"blue"},
                           sql_value{}, sql_array{{string{"a"}, string{"b"}}}, timestamp{"1970-01-01T00:00:01Z"},
                           timestamp{"2024-02-29"}, sql_value{}, int64_t{5}});
  const auto item = all[0].as<shop::item>();
  EXPECT_TRUE(item.sold);
  EXPECT_EQ(item.weight, 3.0);
  EXPECT_EQ(item.price.text, "1.50");
  EXPECT_EQ(item.paint, shop::color::blue);
  EXPECT_EQ(item.second, std::nullopt);
  EXPECT_EQ(item.tags, (std::vector<string>{"a", "b"}));
  EXPECT_EQ(item.made.time_since_epoch(), 1s);
  EXPECT_EQ(item.day, std::chrono::year{2024} / 2 / 29);
  EXPECT_EQ(item.extra, nullptr);
  EXPECT_EQ(item.count, 5u);
  EXPECT_EQ(nlohmann::json(item),
            nlohmann::json::parse(R"({"id":1,"sold":true,"weight":3.0,"price":"1.50","picture":"01",
              "paint":"blue","second":null,"tags":["a","b"],"made":"1970-01-01T00:00:01.000000Z",
              "day":"2024-02-29","extra":null,"count":5})"));
}

TEST(columns, are_as_many_as_forty) {
  sql_result from;
  for (const char group : {'a', 'b', 'c', 'd'})
    for (int i = 1; i <= 10; ++i) {
      from.columns.push_back(group + std::to_string(i));
      from.cells.emplace_back(int64_t{i + 100 * group});
    }
  const auto found = rows{std::move(from)}[0].as<shop::wide>();
  EXPECT_EQ(found.a1, 1 + 100 * 'a');
  EXPECT_EQ(found.c7, 7 + 100 * 'c');
  EXPECT_EQ(found.d10, 10 + 100 * 'd');
}

TEST(columns, may_be_inherited_members) {
  const auto found = result({"id", "level"}, {int64_t{3}, int64_t{4}})[0].as<shop::manager>();
  EXPECT_EQ(found.id, 3);
  EXPECT_EQ(found.level, 4);
  EXPECT_EQ(found.padding, 0);
  EXPECT_EQ(nlohmann::json(found).dump(), R"({"id":3,"level":4})");
}

TEST(columns, that_are_missing_are_named) {
  EXPECT_EQ(failure_of<shop::user>(result({"id", "name"}, {int64_t{1}, string{"x"}})),
            "column \"email\" of user is not in the result: it has id, name");
  EXPECT_THROW((void)result({"id"}, {}).as<shop::user>(), error); // also when there are no rows
  EXPECT_THROW((void)rows{sql_result{}}.as<shop::user>(), error);
}

TEST(columns, that_do_not_convert_are_named) {
  const auto one = [](sql_value id, sql_value name, sql_value email) {
    return failure_of<shop::user>(
      result({"id", "name", "email"}, {std::move(id), std::move(name), std::move(email)}));
  };
  EXPECT_EQ(one(int64_t{1}, {}, {}), "column \"name\" is NULL, user::name takes no NULL: make it std::optional");
  EXPECT_EQ(one({}, string{"x"}, {}), "column \"id\" is NULL, user::id takes no NULL: make it std::optional");
  EXPECT_EQ(one(string{"1"}, string{"x"}, {}), "column \"id\" holds text, wanted an integer");
  EXPECT_EQ(one(int64_t{1} << 40, string{"x"}, {}), "column \"id\" holds integer, wanted an integer in range");
}

template <class T>
string enum_error(sql_value value) {
  try {
    (void)result({"paint"}, {std::move(value)})[0].get<T>("paint");
  } catch (const error& e) {
    return e.what();
  }
  return "read";
}

TEST(enums, are_texts_in_sql) {
  EXPECT_EQ(detail::to_sql_value(shop::color::green), sql_value{string{"green"}});
  EXPECT_EQ(detail::to_sql_value(shop::state::running), sql_value{string{"in-progress"}});
  EXPECT_EQ(detail::to_sql_value(std::optional<shop::color>{}), sql_value{});
  EXPECT_EQ(detail::to_sql_value(std::vector{shop::color::red}), (sql_value{sql_array{{string{"red"}}}}));
  const auto found = result({"paint", "state"}, {string{"blue"}, string{"in-progress"}})[0];
  EXPECT_EQ(found.get<shop::color>("paint"), shop::color::blue);
  EXPECT_EQ(found.get<shop::state>("state"), shop::state::running);
  EXPECT_EQ(enum_error<shop::color>(string{"purple"}),
            "column \"paint\" holds \"purple\", which is no name of color: it has red, green, blue");
  EXPECT_EQ(enum_error<shop::color>(string{"Red"}),
            "column \"paint\" holds \"Red\", which is no name of color: it has red, green, blue");
  EXPECT_EQ(enum_error<shop::color>(int64_t{1}), "column \"paint\" holds integer, wanted a name of color");
  EXPECT_EQ(enum_error<shop::color>({}), "column \"paint\" holds NULL, wanted a name of color");
  EXPECT_EQ(enum_error<std::optional<shop::color>>({}), "read");
  try {
    (void)detail::to_sql_value(static_cast<shop::color>(3));
    ADD_FAILURE() << "taken";
  } catch (const error& e) {
    EXPECT_EQ(e.code(), errc::invalid_argument);
    EXPECT_STREQ(e.what(), "color has no name for its value 3");
  }
}

TEST(columns, are_written_to_json_unless_the_struct_has_a_way_of_its_own) {
  const shop::user ann{1, "ann", std::nullopt};
  EXPECT_EQ(nlohmann::json(ann).dump(), R"({"email":null,"id":1,"name":"ann"})");
  EXPECT_EQ(json(ann).body, R"({"id":1,"name":"ann","email":null})") << "in their order";
  EXPECT_EQ(json(std::vector{ann, ann}).body,
            R"([{"id":1,"name":"ann","email":null},{"id":1,"name":"ann","email":null}])");
  EXPECT_EQ(json(std::vector<shop::user>{}).body, "[]");
  EXPECT_EQ(json(shop::price{150, "EUR"}).body, R"({"cents":150,"currency":"EUR"})");
  EXPECT_EQ(json(std::vector{shop::size{1, 2}}).body, R"([{"height":2,"width":1}])") << "its own way";
  EXPECT_EQ(nlohmann::json({{"user", ann}}).dump(), R"({"user":{"email":null,"id":1,"name":"ann"}})");
  EXPECT_EQ(nlohmann::json(shop::price{150, "EUR"}).dump(), R"({"cents":150,"currency":"EUR"})");
  EXPECT_EQ(nlohmann::json::parse(R"({"cents":2,"currency":"x"})").get<shop::price>().currency, "x");
  EXPECT_EQ(nlohmann::json(shop::size{1, 2}).dump(), R"({"height":2,"width":1})");
  EXPECT_EQ(nlohmann::json::parse(R"({"width":2,"height":3})").get<shop::size>().height, 3);
  shop::tax tax;
  tax.rate = 19;
  EXPECT_EQ(nlohmann::json(tax).dump(), R"({"rate":19})");
  EXPECT_EQ(result({"rate"}, {int64_t{7}})[0].as<shop::tax>().rate, 7);
  EXPECT_EQ(nlohmann::json(shop::wish{"x"}).dump(), R"({"text":"x"})");
  EXPECT_EQ(nlohmann::json::parse(R"({"wish":"y"})").get<shop::wish>().text, "y");
}

} // namespace
} // namespace troupe
