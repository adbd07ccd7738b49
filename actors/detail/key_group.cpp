#include "actors/detail/key_group.hpp"

#include "actors/detail/host.hpp"
#include "actors/messages/sql_key.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace troupe::detail {

namespace {

/// Otherwise one of the keys may be the cause, and the others are to do without it.
bool concerns_all(errc code) noexcept {
  return code == errc::unavailable || code == errc::outcome_unknown || code == errc::deadline_exceeded;
}

} // namespace

// -- a flight ---------------------------------------------------------------------------------------

key_flight::~key_flight() {
  while (!waiting_.empty())
    static_cast<void>(pop());
}

void key_flight::add(key_read& who) {
  who.sent_with(this);
  waiting_.push_back(who);
  keys_.add(who.key());
}

void key_flight::send() {
  if (!alone_)
    keys_.sort();
  through().send_statement(of_.database(), through().expect(*this), of_.statement_for(keys_));
}

key_read& key_flight::pop() noexcept {
  auto& out = static_cast<key_read&>(waiting_.pop_front());
  out.sent_with(nullptr);
  return out;
}

void key_flight::on_leave() {
  if (!waiting_.empty())
    return;
  through().abandon_statement(of_.database(), forget());
  of_.end(*this); // it is no more
}

void key_flight::on_reply(reply&& value) {
  if (auto* found = std::get_if<sql_result>(&value))
    hand_out(std::move(*found));
  else if (const auto& why = std::get<failure>(value); keys_.size() == 1 || concerns_all(why.code))
    tell_all(why);
  else
    send_in_halves();
  of_.end(*this); // it is no more
}

/// The one that is the cause of a failure is found in a few steps, and the others do not go one by one for it.
void key_flight::send_in_halves() {
  std::vector<key_read*> all;
  while (!waiting_.empty())
    all.push_back(&pop());
  const std::span halves{all};
  of_.send_together(halves.first(all.size() / 2));
  of_.send_together(halves.subspan(all.size() / 2));
}

void key_flight::tell_all(const key_read::outcome& what) {
  while (!waiting_.empty())
    pop().done(what);
}

void key_flight::hand_out(sql_result&& found) {
  if (alone_) {
    const auto count = found.row_count();
    return tell_all(result_part{std::make_shared<const sql_result>(std::move(found)), 0, count});
  }
  const auto column = column_of(found, of_.key_column());
  if (!column)
    return tell_all(failure{errc::internal, "coalesced by the column \"" + of_.key_column()
                                              + "\", which the result does not have, or more than once"});
  const auto parts = split(std::move(found), *column, keys_);
  if (parts.any_foreign)
    spdlog::debug("a statement coalesced by \"{}\" gives rows of other keys, so that each is read by itself: {}",
                  of_.key_column(), of_.name());
  while (!waiting_.empty()) {
    auto& who = pop();
    const auto& part = parts.of_key[*keys_.find(who.key())];
    const bool is_certain = !parts.any_foreign && (part.count > 0 || !keys_.are_texts() || keys_.size() == 1);
    if (is_certain)
      who.done(part);
    else
      of_.send_alone(who);
  }
}

// -- a group ----------------------------------------------------------------------------------------

key_group::key_group(key_loader& in, std::string name, const key_read& first)
  : loader_(in), name_(std::move(name)), pattern_(first.what()),
    database_(first.database().pool_of(first.owner().loop().index())), through_(first.owner().courier()) {
  pattern_.only_reads = true;
  pattern_.steps = {};
}

void key_group::join(key_read& who) {
  pattern_.asked_by = who.what().asked_by;
  pattern_.trace = who.what().trace;
  pattern_.tells_trace = who.what().tells_trace;
  if (!key_set::takes(who.key()) || !who.database().share_reads)
    return send_alone(who);
  gathering_.push_back(who);
  ++gathered_;
  loader_.ask(*this);
}

void key_group::send_alone(key_read& who) {
  auto* const one = &who;
  send({&one, 1}, true);
}

void key_group::send_together(std::span<key_read* const> all) {
  if (!all.empty())
    send(all, false);
}

void key_group::send(std::span<key_read* const> all, bool alone) {
  auto& made = flights_.emplace_back(*this, through_, alone);
  for (auto* each : all)
    made.add(*each);
  made.send();
}

/// At most; 0: it has to wait. Many go in two halves: while the answer to one is worked on here, the database works on the
/// other.
std::size_t key_group::keys_of_next() const noexcept {
  std::size_t out = 0;
  std::size_t largest = 0;
  for (const auto& each : flights_)
    if (!each.is_alone()) {
      ++out;
      largest = std::max(largest, each.size());
    }
  if (out == 0)
    return gathered_ < 2 * many_keys ? most_keys : std::min(gathered_ / 2, most_keys);
  const auto wanted = out == 1 ? std::max(largest, many_keys) : 2 * largest;
  return out < most_flights && gathered_ >= wanted ? most_keys : 0;
}

void key_group::send_gathered() {
  while (!gathering_.empty()) {
    const auto most = keys_of_next();
    if (most == 0)
      return;
    auto& made = flights_.emplace_back(*this, through_, false);
    while (!gathering_.empty() && made.size() < most)
      made.add(static_cast<key_read&>(gathering_.pop_front()));
    gathered_ -= std::min(gathered_, made.size());
    made.send();
  }
  gathered_ = 0;
}

void key_group::end(const key_flight& which) {
  flights_.remove_if([&](const key_flight& each) { return &each == &which; });
  loader_.ask(*this);
}

sql_statement key_group::statement_for(const key_set& keys) const {
  auto out = pattern_;
  out.key_column.clear();
  out.parameters.front() = sql_array{keys.all()};
  return out;
}

} // namespace troupe::detail
