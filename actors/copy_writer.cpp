#include "actors/copy_writer.hpp"

#include "actors/database.hpp"

#include <type_traits>
#include <utility>
#include <variant>

namespace troupe {

namespace {

constexpr std::size_t sent_together = 64 * 1024;

std::string identifier(std::string_view name) {
  std::string out = "\"";
  for (const auto c : name) {
    if (c == '"')
      out += '"';
    out += c;
  }
  return out + '"';
}

std::size_t size_of(const sql_value& value) {
  return sizeof value + std::visit([](const auto& x) -> std::size_t {
    using type = std::decay_t<decltype(x)>;
    if constexpr (std::is_same_v<type, std::string>) {
      return x.size();
    } else if constexpr (std::is_same_v<type, blob>) {
      return x.bytes.size();
    } else if constexpr (std::is_same_v<type, sql_array>) {
      std::size_t sum = 0;
      for (const auto& each : x.elements)
        sum += size_of(each);
      return sum;
    } else if constexpr (std::is_class_v<type> && !std::is_same_v<type, std::monostate>) {
      return x.text.size();
    } else {
      return 0;
    }
  }, value);
}

} // namespace

copy_writer::copy_writer(transaction& of, std::string_view table, const std::vector<std::string>& columns)
  : of_(of), sql_("COPY " + identifier(table) + " ("), columns_(columns.size()) {
  for (const auto& each : columns)
    sql_ += (&each == columns.data() ? "" : ", ") + identifier(each);
  sql_ += ')';
  if (columns.empty())
    throw error{errc::internal, sql_ + ": no columns"};
}

copy_writer::~copy_writer() {
  if (now_ != state::ended)
    of_.broken_ = true;
}

void copy_writer::require_open() const {
  if (now_ == state::ended)
    throw error{errc::internal, sql_ + " has ended"};
  if (now_ == state::sending)
    throw error{errc::conflict, "rows before this one have failed, were given up or are still on their way"};
}

void copy_writer::add(std::span<sql_value> values) {
  require_open();
  if (values.size() != columns_)
    throw error{errc::internal, sql_ + ": " + std::to_string(values.size()) + " values for "
                                  + std::to_string(columns_) + " columns"};
  for (auto& each : values) {
    bytes_ += size_of(each);
    gathered_.push_back(std::move(each));
  }
}

task<void> copy_writer::flush_if_full() {
  if (bytes_ >= sent_together)
    co_await flush();
}

task<void> copy_writer::flush() {
  require_open();
  now_ = state::sending;
  sql_statement what{sql_, std::exchange(gathered_, {})};
  what.steps = {.what = sql_steps::kind::copy, .lease = of_.held_.lease, .rows = sent_, .columns = columns_};
  const auto rows = what.parameters.size() / columns_;
  const auto done = co_await statements::run(*of_.host_, of_.held_, std::move(what));
  sent_ += rows;
  bytes_ = 0;
  taken_ += done.affected();
  now_ = state::open;
}

task<std::int64_t> copy_writer::end() {
  require_open();
  if (!gathered_.empty())
    co_await flush();
  now_ = state::ended;
  co_return taken_;
}

} // namespace troupe
