#include "actors/multipart.hpp"

#include "actors/context.hpp"
#include "actors/detail/new_file.hpp"
#include "actors/messages/quoted.hpp"

#include <exception>
#include <memory>
#include <utility>

namespace troupe {

namespace {

/// So much is gathered before the pool writes it.
constexpr std::size_t write_bytes = 64 * 1024;

std::string boundary_in(const request& req) {
  if (!req.has_body)
    throw error{errc::length_required, "a body of multipart/form-data is expected"};
  auto found = detail::boundary_of(req.header("Content-Type").value_or(""));
  if (const auto* wrong = std::get_if<failure>(&found))
    throw error{wrong->code, wrong->detail};
  return std::get<std::string>(std::move(found));
}

/// A file that is removed when the coroutine that writes it is destroyed before it is whole.
class unfinished_file {
public:
  unfinished_file(context& ctx, std::shared_ptr<detail::new_file> file)
    : ctx_(ctx), file_(std::move(file)) {}
  unfinished_file(const unfinished_file&) = delete;
  unfinished_file& operator=(const unfinished_file&) = delete;

  /// The pool removes it: to remove a large file takes long. Nobody waits for that.
  ~unfinished_file() {
    if (!file_)
      return;
    auto removal = [file = std::move(file_)]() mutable { file.reset(); };
    auto made = std::make_unique<detail::errand_of<decltype(removal)>>(std::move(removal));
    try {
      detail::run_on_pool(ctx_.host(), *made);
      static_cast<void>(made.release()); // it frees itself
    } catch (const error&) {
      // The pool is full: it is removed here and now.
    }
  }

  task<void> write(std::string bytes) {
    return ctx_.blocking([file = file_, bytes = std::move(bytes)] { file->write(bytes); });
  }

  task<void> keep() {
    co_await ctx_.blocking([file = file_] { file->keep(); });
    file_.reset();
  }

  /// Has it removed before this goes on.
  task<void> remove() {
    try {
      co_await ctx_.blocking([file = std::move(file_)]() mutable { file.reset(); });
    } catch (const error&) {
      // The pool is full: it was removed here and now.
    }
  }

private:
  context& ctx_;
  std::shared_ptr<detail::new_file> file_;
};

} // namespace

multipart_reader::multipart_reader(const request& req, body_stream body)
  : from_(std::move(body)), parser_(boundary_in(req)) {}

multipart_reader::multipart_reader(const request& req)
  : whole_(req.body), parser_(boundary_in(req)) {}

task<multipart_reader::event> multipart_reader::next_event() {
  auto what = parser_.next();
  while (what == event::need_more) {
    if (from_) {
      auto piece = co_await from_->next();
      if (!piece) {
        what = parser_.finish();
        break;
      }
      piece_ = std::move(*piece);
      parser_.give(piece_);
    } else if (const auto whole = std::exchange(whole_, std::nullopt)) {
      parser_.give(*whole);
    } else {
      what = parser_.finish();
      break;
    }
    what = parser_.next();
  }
  if (what == event::failed)
    throw error{parser_.problem().code, parser_.problem().detail};
  co_return what;
}

/// More of the present part's content, as long as nothing else is asked for; none at its end.
task<std::optional<std::string_view>> multipart_reader::next_data() {
  if (!in_part_)
    co_return std::nullopt;
  if (co_await next_event() == event::data)
    co_return parser_.data();
  in_part_ = false;
  co_return std::nullopt;
}

task<std::optional<multipart_part>> multipart_reader::next_part() {
  while (co_await next_data()) {
  }
  if (ended_)
    co_return std::nullopt;
  if (co_await next_event() == event::part_begins) {
    in_part_ = true;
    co_return parser_.part();
  }
  ended_ = true;
  co_await next_event(); // to the end of the body: an answer before it would end the connection
  co_return std::nullopt;
}

task<std::optional<std::string>> multipart_reader::read() {
  if (const auto data = co_await next_data())
    co_return std::string{*data};
  co_return std::nullopt;
}

task<std::string> multipart_reader::text(std::size_t limit) {
  std::string out;
  while (const auto data = co_await next_data()) {
    if (data->size() > limit - out.size())
      refuse_size(limit);
    out += *data;
  }
  co_return out;
}

task<std::uint64_t> multipart_reader::save_to(context& ctx, std::filesystem::path path,
                                              std::uint64_t limit) {
  auto make = [path = std::move(path)] { return std::make_shared<detail::new_file>(path); };
  unfinished_file file{ctx, co_await ctx.blocking(std::move(make))};
  std::uint64_t size = 0;
  std::exception_ptr failed;
  try {
    std::string gathered;
    while (const auto data = co_await next_data()) {
      if (data->size() > limit - size)
        refuse_size(limit);
      size += data->size();
      gathered += *data;
      if (gathered.size() >= write_bytes)
        co_await file.write(std::exchange(gathered, {}));
    }
    co_await file.write(std::move(gathered));
    co_await file.keep();
  } catch (...) {
    failed = std::current_exception();
  }
  if (failed) {
    co_await file.remove();
    std::rethrow_exception(failed);
  }
  co_return size;
}

void multipart_reader::refuse_size(std::uint64_t limit) const {
  throw error{errc::payload_too_large, "the part " + detail::quoted(parser_.part().name)
                                         + " is larger than " + std::to_string(limit) + " bytes"};
}

} // namespace troupe
