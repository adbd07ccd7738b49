#include "storage/postgres/pipeline.hpp"

#include <algorithm>
#include <utility>

namespace troupe::storage::postgres {

namespace {

constexpr int text_format = 0;

/// So that those who asked for the first ones can ask for more while the server works on the last ones.
constexpr std::size_t most_together = 32;

bool is_error(const PGresult* result) noexcept {
  return result != nullptr && PQresultStatus(result) == PGRES_FATAL_ERROR;
}

} // namespace

pipeline::pipeline(PGconn* session) noexcept
  : session_(session), entered_(PQsetnonblocking(session, 1) == 0 && PQenterPipelineMode(session) == 1) {}

pipeline::~pipeline() {
  PQexitPipelineMode(session_);
  PQsetnonblocking(session_, 0);
}

bool pipeline::send(const pipelined& what) {
  const bool joins = open_ && what.with != pipelined::company::none && groups_.back().with == what.with
                     && groups_.back().statements < most_together;
  if (!joins) {
    end_group();
    groups_.emplace_back().with = what.with;
  }
  if (PQsendQueryPrepared(session_, what.name, static_cast<int>(what.parameter_count), what.parameters, nullptr,
                          nullptr, text_format)
      != 1) {
    if (!joins)
      groups_.pop_back();
    return false;
  }
  ++groups_.back().statements;
  groups_.back().changes = groups_.back().changes || what.changes;
  open_ = true;
  return true;
}

/// What was sent since the last one is a transaction. One that cannot be ended shows when it is waited for.
void pipeline::end_group() {
  if (!std::exchange(open_, false))
    return;
  if (groups_.back().changes)
    PQsendFlushRequest(session_); // so that what is carried out is known while the server is at the commit
  PQpipelineSync(session_);
}

bool pipeline::flush() {
  end_group();
  return PQflush(session_) != 1;
}

bool pipeline::has_answers() noexcept {
  return !lost_ && !groups_.empty() && PQisBusy(session_) == 0;
}

void pipeline::receive(receiver& to) {
  do {
    const bool read = PQconsumeInput(session_) != 0;
    while (take_one(to)) {
    }
    if (!read)
      lose(to);
  } while (!lost_ && has_more_inside(session_));
}

/// False: there is no more, for now.
bool pipeline::take_one(receiver& to) {
  if (lost_ || groups_.empty() || PQisBusy(session_) != 0)
    return false;
  result_ptr result{PQgetResult(session_)};
  const bool is_at_the_end = PQstatus(session_) != CONNECTION_OK && (!result || is_error(result.get()));
  if (is_at_the_end || (!result && ++nothing_ > 2)) {
    lose(to);
    return false;
  }
  if (!result) { // the end of a statement's results
    between_ = false;
    return true;
  }
  nothing_ = 0;
  auto& at = groups_.front();
  if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
    auto ended = std::move(at);
    groups_.pop_front();
    judge(std::move(ended), to);
  } else if (at.results.size() < at.statements && !std::exchange(between_, true)) {
    at.results.push_back(std::move(result));
  } else if (is_error(result.get())) { // in front of the transaction's end: of the commit
    at.refused = std::move(result);
  }
  return true;
}

void pipeline::judge(group&& what, receiver& to) {
  what.results.resize(what.statements);
  const auto failed = std::find_if(what.results.begin(), what.results.end(),
                                   [](const auto& each) { return !each || is_error(each.get()); });
  if (what.refused && what.statements == 1)
    return to.ended(outcome::failed, std::move(what.refused));
  const bool all_done = failed == what.results.end() && !what.refused;
  // What one changes may be what another one fails of, and the locks of one what it waits for.
  const bool is_own_fault = what.with != pipelined::company::changes || what.statements == 1;
  for (auto each = what.results.begin(); each != what.results.end(); ++each) {
    if (all_done)
      to.ended(outcome::done, std::move(*each));
    else if (each == failed && *each)
      to.ended(is_own_fault ? outcome::failed : outcome::spoiled, std::move(*each));
    else
      to.ended(outcome::undone, nullptr); // rolled back with the one that failed
  }
}

void pipeline::lose(receiver& to) {
  lost_ = true;
  for (const auto& each : std::exchange(groups_, {}))
    for (std::size_t i = 0; i < each.statements; ++i)
      to.ended(outcome::unknown, nullptr);
}

} // namespace troupe::storage::postgres
