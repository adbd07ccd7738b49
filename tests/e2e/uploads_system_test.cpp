// Forms with files, saved by the gateway itself and by a worker node.
#include "tests/e2e/files_fixture.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/problem.hpp"

#include <csignal>
#include <string>

namespace troupe::test {
namespace {

class Uploads : public with_files {
protected:
  static bool nothing_is_left() {
    return eventually([] { return std::filesystem::is_empty(uploads()); });
  }
};
TROUPE_HERE_AND_ON_WORKER(Uploads);

std::string file_part(const std::string& name, const std::string& filename,
                      const std::string& content) {
  return "--cut\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + filename
         + "\"\r\nContent-Type: image/png\r\n\r\n" + content + "\r\n";
}

std::string field_part(const std::string& name, const std::string& content) {
  return "--cut\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content
         + "\r\n";
}

http_request form(const std::string& target, const std::string& body) {
  return {"POST", target, body, {{"Content-Type", "multipart/form-data; boundary=cut"}}};
}

/// The head of a form of that many bytes.
std::string head_of_form(std::size_t size) {
  return "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; "
         "boundary=cut\r\n"
         "Content-Length: "
         + std::to_string(size) + "\r\n\r\n";
}

TEST_P(Uploads, AreSavedAsTheyWereSent) {
  const auto content = bytes(5'000'000);
  const auto answer =
      http().send(form("/upload", file_part("f", "x.png", content) + "--cut--\r\n"));
  ASSERT_EQ(answer.status, 200) << answer;
  EXPECT_FALSE(answer.header("Connection")) << "the body was read to its end";
  const auto part = answer.json()[0];
  EXPECT_EQ(part["size"], 5'000'000);
  const auto path = uploads() / part["saved_as"].get<std::string>();
  EXPECT_TRUE(read_file(path) == content);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_P(Uploads, HaveSeveralFilesAndFields) {
  const auto one = bytes(100'000);
  const auto answer = http().send(form("/upload", file_part("one", "../../etc/passwd", one)
                                                      + field_part("title", "T")
                                                      + file_part("two", "empty", "") + "--cut--"));
  ASSERT_EQ(answer.status, 200) << answer;
  const auto parts = answer.json();
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0]["filename"], "../../etc/passwd");
  EXPECT_EQ(parts[0]["type"], "image/png");
  EXPECT_TRUE(read_file(uploads() / parts[0]["saved_as"].get<std::string>()) == one);
  EXPECT_EQ(parts[1]["text"], "T");
  EXPECT_EQ(parts[2]["size"], 0);
  EXPECT_TRUE(std::filesystem::exists(uploads() / parts[2]["saved_as"].get<std::string>()));
}

TEST_P(Uploads, MayComeByteByByte) {
  const auto body = field_part("a", "1") + file_part("f", "x", "\r\n--cu") + "--cut--\r\n";
  http_connection connection{node().http_port()};
  connection.send_byte_by_byte(head_of_form(body.size()) + body);
  const auto answer = connection.read();
  ASSERT_EQ(answer.status, 200) << answer;
  EXPECT_EQ(read_file(uploads() / answer.json()[1]["saved_as"].get<std::string>()), "\r\n--cu");
}

TEST_P(Uploads, OfBodiesThatAreWholeAreReadTheSame) {
  EXPECT_EQ(http()
                .send(form("/whole-form", field_part("a", "1") + field_part("skip", "never")
                                              + field_part("b", "") + field_part("skip", "never")
                                              + "--cut--"))
                .body,
            "a=1;skip=;b=;skip=;");
  EXPECT_TRUE(is_problem(http().send(form("/whole-form", field_part("a", "1"))), 400));
}

TEST_P(Uploads, ThatAreMalformedLeaveNoFile) {
  const auto begun = file_part("f", "x.png", bytes(200'000));
  for (const auto& body :
       {begun, begun + "--cut", begun + "--cut\r\n", begun + "--cut\r\nno field\r\n\r\n\r\n--cut--",
        begun + "--cut\r\nContent-Disposition: attachment\r\n\r\n\r\n--cut--",
        begun.substr(0, 100'000), std::string{"nothing of the kind"}, std::string{}}) {
    http_client fresh{node().http_port()};
    EXPECT_TRUE(is_problem(fresh.send(form("/upload", body)), 400)) << body.size();
  }
  // A file that was whole before the form went wrong is the handler's.
  for (const auto& each : std::filesystem::directory_iterator{uploads()})
    EXPECT_EQ(each.file_size(), 200'000U);
}

TEST_P(Uploads, ThatEndWithinAFileLeaveNothing) {
  EXPECT_TRUE(
      is_problem(http().send(form("/upload", file_part("f", "x.png", bytes(200'000)))), 400));
  EXPECT_TRUE(std::filesystem::is_empty(uploads()));
}

TEST_P(Uploads, OfOtherTypesAreRefused) {
  const auto status = [&](http_request request) {
    http_client fresh{node().http_port()};
    return fresh.send(request).status;
  };
  EXPECT_EQ(status({"POST", "/upload", "{}", {{"Content-Type", "application/json"}}}), 415);
  EXPECT_EQ(status({"POST", "/upload", "x", {}}), 415);
  EXPECT_EQ(status({"POST", "/upload", "x", {{"Content-Type", "multipart/form-data"}}}), 400);
  EXPECT_EQ(status({"POST", "/upload", {}, {{"Content-Type", "multipart/form-data; boundary=x"}}}),
            411);
}

TEST_P(Uploads, WithPartsThatAreTooLargeLeaveNoFile) {
  const auto answer = http().send(
      form("/upload?limit=199999", file_part("photo", "x", bytes(200'000)) + "--cut--"));
  EXPECT_TRUE(is_problem(answer, 413));
  EXPECT_EQ(answer.json()["detail"], "the part \"photo\" is larger than 199999 bytes");
  EXPECT_TRUE(std::filesystem::is_empty(uploads()));
  http_client fresh{node().http_port()};
  EXPECT_EQ(
      fresh.send(form("/upload?limit=200000", file_part("f", "x", bytes(200'000)) + "--cut--"))
          .status,
      200);
  EXPECT_TRUE(is_problem(
      fresh.send(form("/upload", field_part("a", std::string(101, 'x')) + "--cut--")), 413));
}

TEST_P(Uploads, DoNotReplaceFiles) {
  const auto one = file_part("f", "x", "one"), two = file_part("f", "x", "two");
  EXPECT_TRUE(is_problem(http().send(form("/save-twice", one + two + "--cut--")), 409));
  int files = 0;
  for (const auto& each : std::filesystem::directory_iterator{uploads()}) {
    EXPECT_EQ(read_file(each.path()), "one");
    ++files;
  }
  EXPECT_EQ(files, 1);
}

TEST_P(Uploads, OfClientsThatLeaveAreRemoved) {
  for (const bool by_reset : {false, true}) {
    http_connection connection{node().http_port()};
    connection.send(head_of_form(5'000'000));
    connection.send(file_part("f", "x.png", bytes(1'000'000)));
    ASSERT_TRUE(eventually([] { return !std::filesystem::is_empty(uploads()); }));
    by_reset ? connection.reset() : connection.shut_down_sending();
    EXPECT_TRUE(nothing_is_left());
  }
}

} // namespace
} // namespace troupe::test
