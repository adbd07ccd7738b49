// A front end, uploads and downloads: examples/files.
#include "tests/support/http_client.hpp"
#include "tests/support/node.hpp"
#include "tests/support/problem.hpp"
#include "tests/support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace troupe::test {
namespace {

class FilesExample : public testing::Test {
protected:
  static node_options options(const std::string& pages) {
    return {"files", {}, {{"FILES_WWW", pages}}};
  }
  static std::string pages() {
    return std::string{std::getenv("TROUPE_TEST_SOURCE")} + "/examples/files/www";
  }
};

TEST_F(FilesExample, ServesItsPagesAndGivesUploadsBack) {
  gateway node{options(pages())};
  http_client http{node.http_port()};
  EXPECT_NE(http.get("/").body.find("<form"), std::string::npos);
  EXPECT_EQ(http.get("/some/page").header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(http.get("/style.css").header("Content-Type"), "text/css; charset=utf-8");
  const auto answer = http.post_text("/uploads",
                                     "--x\r\nContent-Disposition: form-data; name=\"file\"; "
                                     "filename=\"a.txt\"\r\n\r\ncontent\r\n--x--\r\n",
                                     "multipart/form-data; boundary=x");
  ASSERT_EQ(answer.status, 201) << answer;
  EXPECT_EQ(answer.json()[0]["name"], "a.txt");
  EXPECT_EQ(answer.json()[0]["size"], 7);
  const auto back = http.get(answer.json()[0]["url"].get<std::string>());
  EXPECT_EQ(back.body, "content");
  EXPECT_TRUE(back.header("Content-Disposition").value_or("").starts_with("attachment"));
  EXPECT_TRUE(is_problem(http.get("/uploads/1/0"), 404));
}

TEST_F(FilesExample, DoesNotStartWithoutItsPages) {
  const temp_directory home;
  child_process process{{program_path("files").string(),
                         {"gateway", "--listen", "127.0.0.1:0"},
                         {{"FILES_WWW", "no-such-folder"}},
                         home.path()}};
  const auto status = process.wait(soon);
  ASSERT_TRUE(status);
  EXPECT_NE(*status, exit_status{});
  process.err().wait_until_closed();
  const auto said = process.err().text();
  EXPECT_NE(said.find("files at \"/\": the folder \"no-such-folder\" (looked for from "
                      + home.path().string() + ") cannot be opened: No such file or directory"),
            std::string::npos)
      << said;
}

} // namespace
} // namespace troupe::test
