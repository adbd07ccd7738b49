#include "storage/postgres/pipeline.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace troupe::storage::postgres {

namespace {

using state = pipeline_outcome::state;

constexpr int text_format = 0;

/// So that those who asked for the first ones can ask for more while the server works on the last ones.
constexpr std::size_t most_reads_together = 16;

bool is_error(const PGresult* result) noexcept {
  return result != nullptr && PQresultStatus(result) == PGRES_FATAL_ERROR;
}

/// The pipeline mode of a session, with a socket that does not block: a server whose answers nobody reads
/// does not read either.
class pipeline {
public:
  explicit pipeline(PGconn* session) noexcept
    : session_(session),
      entered_(PQsetnonblocking(session, 1) == 0 && PQenterPipelineMode(session) == 1) {}
  pipeline(const pipeline&) = delete;
  pipeline& operator=(const pipeline&) = delete;
  ~pipeline() {
    PQexitPipelineMode(session_);
    PQsetnonblocking(session_, 0);
  }

  [[nodiscard]] bool entered() const noexcept { return entered_; }

  /// False: it could not, and the session is of no use any more.
  [[nodiscard]] bool leave() noexcept { return PQexitPipelineMode(session_) == 1; }

  [[nodiscard]] bool send(const pipelined& what) {
    return PQsendQueryPrepared(session_, what.name.c_str(), static_cast<int>(what.parameter_count),
                               what.parameters, nullptr, nullptr, text_format)
           == 1;
  }

  /// What was sent since the last one is a transaction.
  [[nodiscard]] bool send_end() { return PQpipelineSync(session_) == 1; }

  /// Until all is on its way; what comes meanwhile is kept.
  void flush() {
    while (PQflush(session_) == 1) {
      pollfd socket{PQsocket(session_), POLLIN | POLLOUT, 0};
      if (poll(&socket, 1, -1) > 0 && (socket.revents & ~POLLOUT) != 0 && PQconsumeInput(session_) == 0)
        return;
    }
  }

  /// The answers of a transaction with `count` statements: of each, and then whether it was carried out. Null,
  /// or fewer of them: the session is gone.
  struct answers {
    std::vector<result_ptr> each;
    result_ptr refused; // the transaction's end was
    bool ended = false;
  };
  answers receive(std::size_t count) {
    answers out;
    while (out.each.size() < count) {
      result_ptr result{PQgetResult(session_)};
      if (!result)
        return out;
      while (const result_ptr rest{PQgetResult(session_)}) {
      }
      if (PQstatus(session_) != CONNECTION_OK)
        return out;
      out.each.push_back(std::move(result));
    }
    // An error in front of the end is of the commit.
    for (int nothing = 0; nothing < 2 && PQstatus(session_) == CONNECTION_OK;) {
      result_ptr result{PQgetResult(session_)};
      nothing = result ? 0 : nothing + 1;
      if (PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC) {
        out.ended = true;
        break;
      }
      if (is_error(result.get()))
        out.refused = std::move(result);
    }
    return out;
  }

private:
  PGconn* session_;
  bool entered_;
};

/// The statements [begin, end) that share a transaction.
struct group {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Appends those from place `begin` on.
void append_groups(std::vector<group>& to, const std::vector<pipelined>& what, std::size_t begin) {
  const auto first = to.size();
  for (auto i = begin; i < what.size(); ++i) {
    const bool joins = to.size() > first && !what[i].by_itself && !what[i - 1].by_itself
                       && i - to.back().begin < most_reads_together;
    if (joins)
      to.back().end = i + 1;
    else
      to.push_back({i, i + 1});
  }
}

/// False: nothing more can be sent.
bool send(pipeline& to, const std::vector<pipelined>& what, group which) {
  for (auto i = which.begin; i < which.end; ++i)
    if (!to.send(what[i]))
      return false;
  return to.send_end();
}

void judge(pipeline::answers&& found, group which, std::vector<pipeline_outcome>& out) {
  if (!found.ended)
    return; // unknown
  const auto failed = std::find_if(found.each.begin(), found.each.end(),
                                   [](const auto& each) { return is_error(each.get()); });
  const auto all_done = failed == found.each.end() && !found.refused;
  for (std::size_t i = 0; i < found.each.size(); ++i) {
    auto& to = out[which.begin + i];
    to.result = std::move(found.each[i]);
    to.how = all_done ? state::done : state::undone; // rolled back with the one that failed
  }
  if (failed != found.each.end())
    out[which.begin + static_cast<std::size_t>(failed - found.each.begin())].how = state::failed;
  if (found.refused && which.end - which.begin == 1) {
    out[which.begin].how = state::failed;
    out[which.begin].result = std::move(found.refused);
  }
}

} // namespace

std::vector<pipeline_outcome> run_pipeline(PGconn* session, pipeline_feed& feed) {
  std::vector<pipelined> what;
  std::vector<pipeline_outcome> out;
  std::vector<group> groups;
  pipeline all{session};
  std::size_t sent = 0;
  bool can_send = all.entered();
  const auto send_more = [&] {
    const auto known = what.size();
    feed.append_to(what);
    if (what.size() == known)
      return;
    out.resize(what.size());
    append_groups(groups, what, known);
    while (can_send && sent < groups.size())
      if ((can_send = send(all, what, groups[sent])))
        ++sent;
    all.flush();
  };
  send_more();
  for (std::size_t i = 0; i < sent; ++i) {
    judge(all.receive(groups[i].end - groups[i].begin), groups[i], out);
    for (auto place = groups[i].begin; place < groups[i].end; ++place)
      if (out[place].how == state::done)
        feed.done(place, std::move(out[place].result));
    if (can_send && PQstatus(session) == CONNECTION_OK)
      send_more();
  }
  if (sent < groups.size() && PQstatus(session) == CONNECTION_OK)
    for (auto i = groups[sent].begin; i < what.size(); ++i)
      out[i].how = state::undone;
  if (!all.leave()) // so that nothing can be run again
    for (auto& each : out)
      if (each.how == state::undone)
        each.how = state::unknown;
  return out;
}

} // namespace troupe::storage::postgres
