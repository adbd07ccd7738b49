#include "gateway/trace_exporter.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/otlp_receiver.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace troupe::gateway {
namespace {

using test::eventually;
using test::otlp_receiver;

const trace_resource demo{"demo", "node-1"};

void record(const trace_exporter& to, int count) {
  for (int i = 0; i < count; ++i) {
    detail::open_span made{to.spans(), detail::span_kind::server, "GET /x"};
    made.set("http.response.status_code", 200);
    made.set("db.query.text", "SELECT '\xff\xfe', \"a\\b\"\n");
    made.succeed();
  }
}

TEST(to_otlp_json, is_what_a_strict_reader_takes) {
  const auto queue = std::make_shared<detail::span_queue>();
  const auto parent = trace_context::begin(true);
  { const detail::open_span lost{queue, parent, detail::span_kind::client, "SELECT"}; }
  const auto text = to_otlp_json(queue->take(std::chrono::milliseconds{0}, {}), {"de\"mo", "n"});
  EXPECT_EQ(text.find('\n'), std::string::npos);
  const auto got = test::read_otlp(text);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].service, "de\"mo");
  EXPECT_EQ(got[0].parent, parent.parent_id());
  EXPECT_EQ(got[0].kind, 3);
  EXPECT_TRUE(got[0].failed);
  EXPECT_EQ(got[0].message, "given up");
}

TEST(a_trace_exporter, brings_all_to_a_receiver_also_what_is_left_at_the_end) {
  const otlp_receiver receiver;
  std::shared_ptr<detail::span_queue> spans;
  {
    const trace_exporter exporter{receiver.url(), demo};
    spans = exporter.spans();
    record(exporter, 1500);
  }
  EXPECT_TRUE(receiver.complaints().empty()) << receiver.complaints().front();
  const auto got = receiver.spans();
  EXPECT_EQ(got.size(), 1500U);
  EXPECT_EQ(got.front().service, "demo");
  EXPECT_EQ(got.front().instance, "node-1");
  EXPECT_EQ(got.front().attributes.at("http.response.status_code"), "200");
  EXPECT_EQ(spans->count().exported, 1500U);
  EXPECT_EQ(spans->count().lost + spans->count().dropped, 0U);
}

TEST(a_trace_exporter, appends_to_a_file) {
  const test::temp_directory folder;
  const auto file = folder.path() / "spans";
  for (int i = 0; i < 2; ++i) {
    const trace_exporter exporter{file.string(), demo};
    record(exporter, 3);
  }
  EXPECT_EQ(test::read_otlp_file(file).size(), 6U);
}

TEST(a_trace_exporter, says_at_once_that_a_file_cannot_be_opened) {
  EXPECT_THROW((trace_exporter{"/no/such/folder/spans", demo}), std::system_error);
}

TEST(a_trace_exporter, counts_what_a_receiver_refuses) {
  const otlp_receiver receiver{otlp_receiver::manner::refuses};
  const trace_exporter exporter{receiver.url(), demo};
  record(exporter, 600);
  EXPECT_TRUE(eventually([&] { return exporter.spans()->count().lost > 0; }));
  EXPECT_EQ(exporter.spans()->count().exported, 0U);
}

/// Takes nothing until it is let.
class gate final : public span_destination {
public:
  explicit gate(std::atomic<bool>& open) : open_(open) {}
  void write(const std::string&, std::chrono::milliseconds, const std::stop_token&) override { open_.wait(false); }

private:
  std::atomic<bool>& open_;
};

TEST(a_trace_exporter, holds_nobody_up_while_its_receiver_does) {
  std::atomic<bool> open{false};
  const trace_exporter exporter{std::make_unique<gate>(open), demo};
  record(exporter, 20'000); // many times what the queue takes: this returns although nothing gets away
  EXPECT_GT(exporter.spans()->count().dropped, 0U);
  EXPECT_EQ(exporter.spans()->count().exported, 0U);
  open = true;
  open.notify_all();
  EXPECT_TRUE(eventually([&] {
    const auto now = exporter.spans()->count();
    return now.exported + now.dropped == 20'000;
  }));
}

TEST(a_trace_exporter, ends_while_its_receiver_keeps_silent) {
  const otlp_receiver receiver{otlp_receiver::manner::keeps_silent};
  std::shared_ptr<detail::span_queue> spans;
  {
    const trace_exporter exporter{receiver.url(), demo};
    spans = exporter.spans();
    record(exporter, 600);
    ASSERT_TRUE(receiver.wait_for_requests(1));
  }
  EXPECT_EQ(spans->count().lost, 600U);
}

} // namespace
} // namespace troupe::gateway
