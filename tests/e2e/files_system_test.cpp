// Files, front ends and uploads, answered by the gateway itself and by a worker node.
#include "tests/e2e/files_fixture.hpp"

#include "tests/support/eventually.hpp"
#include "tests/support/problem.hpp"

#include <sys/stat.h>

#include <string>
#include <vector>

namespace troupe::test {
namespace {

class Files : public with_files {};
TROUPE_HERE_AND_ON_WORKER(Files);

using fields = std::vector<std::pair<std::string, std::string>>;

http_response get_with(http_client& http, const std::string& target, fields headers) {
  return http.send({"GET", target, {}, std::move(headers)});
}

TEST_P(Files, AreAnsweredWithTheirContentTypeAndValidators) {
  write("page.html", "<p>");
  write("code.js", "1");
  write("unknown.bin2", "x");
  write("dated.css", "p {}");
  set_time("dated.css", 784111777);
  EXPECT_EQ(http().get("/static/page.html").header("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(http().get("/static/code.js").header("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(http().get("/static/unknown.bin2").header("Content-Type"), "application/octet-stream");
  const auto answer = http().get("/static/dated.css");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "p {}");
  EXPECT_EQ(answer.header("Content-Length"), "4");
  EXPECT_EQ(answer.header("Last-Modified"), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(answer.header("Accept-Ranges"), "bytes");
  EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=3600");
  EXPECT_TRUE(answer.header("ETag"));
  EXPECT_FALSE(answer.header("Content-Disposition"));
  EXPECT_FALSE(http().get("/app/dated.css").header("Cache-Control"));
}

TEST_P(Files, OfAnySizeArriveWhole) {
  for (const std::size_t size : {0U, 1U, 65'536U, 65'537U, 3'000'000U}) {
    const auto content = bytes(size);
    write("sized", content);
    const auto answer = http().get("/static/sized");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("Content-Length"), std::to_string(size));
    EXPECT_TRUE(answer.body == content) << size;
    const auto conditional = get_with(http(), "/static/sized", {{"If-None-Match", "\"other\""}});
    EXPECT_EQ(conditional.status, 200);
    EXPECT_TRUE(conditional.body == content) << size;
  }
}

TEST_P(Files, ThatAreNotInMemoryAreReadFromTheDisk) {
  const auto content = bytes(3'000'000);
  write("cold", content);
  drop_from_memory("cold");
  const auto range =
      get_with(http(), "/static/cold", {{"Range", "bytes=2000000-2000999"}});
  EXPECT_TRUE(range.body == content.substr(2'000'000, 1'000));
  drop_from_memory("cold");
  EXPECT_TRUE(http().get("/static/cold").body == content);
}

TEST_P(Files, AreNotReadForHead) {
  make_sparse("huge", std::uint64_t{1} << 40);
  write("small", "abc");
  const auto head = http().head("/static/huge");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("Content-Length"), "1099511627776");
  EXPECT_EQ(http().head("/static/small").header("Content-Length"), "3");
  EXPECT_EQ(http().head("/static/small").header("ETag"),
            http().get("/static/small").header("ETag"));
  EXPECT_EQ(http().head("/static/missing").status, 404);
}

TEST_P(Files, ThatTheClientHasAreNotSentAgain) {
  write("cached", "abc");
  set_time("cached", 784111777);
  const auto first = http().get("/static/cached");
  const auto tag = first.header("ETag").value_or("");
  for (const auto& condition :
       {std::pair{std::string{"If-None-Match"}, tag},
        std::pair{std::string{"If-Modified-Since"}, first.header("Last-Modified").value_or("")}}) {
    const auto again = get_with(http(), "/static/cached", {condition});
    EXPECT_EQ(again.status, 304) << condition.first;
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("ETag"), tag);
    EXPECT_EQ(again.header("Cache-Control"), "public, max-age=3600");
  }
  const auto for_another = get_with(http(), "/static/cached", {{"If-Match", "\"other\""}});
  EXPECT_EQ(for_another.status, 412);
  EXPECT_EQ(for_another.header("ETag"), tag);
  write("cached", "abcd");
  const auto changed = get_with(http(), "/static/cached", {{"If-None-Match", tag}});
  EXPECT_EQ(changed.status, 200);
  EXPECT_EQ(changed.body, "abcd");
}

TEST_P(Files, AreSentInRanges) {
  write("letters", "abcdefghij");
  set_time("letters", 784111777);
  const auto tag = http().get("/static/letters").header("ETag").value_or("");
  const auto range = [&](const std::string& which, const std::string& if_range = {}) {
    fields headers{{"Range", "bytes=" + which}};
    if (!if_range.empty())
      headers.emplace_back("If-Range", if_range);
    const auto answer = get_with(http(), "/static/letters", headers);
    return std::to_string(answer.status) + " " + answer.header("Content-Range").value_or("-") + " "
           + (answer.status < 300 ? answer.body : "");
  };
  EXPECT_EQ(range("0-0"), "206 bytes 0-0/10 a");
  EXPECT_EQ(range("9-"), "206 bytes 9-9/10 j");
  EXPECT_EQ(range("3-5"), "206 bytes 3-5/10 def");
  EXPECT_EQ(range("-3"), "206 bytes 7-9/10 hij");
  EXPECT_EQ(range("-30"), "206 bytes 0-9/10 abcdefghij");
  EXPECT_EQ(range("8-1000"), "206 bytes 8-9/10 ij");
  EXPECT_EQ(range("10-"), "416 bytes */10 ");
  EXPECT_EQ(range("5-3"), "200 - abcdefghij");
  EXPECT_EQ(range("0-1,3-4"), "200 - abcdefghij");
  EXPECT_EQ(range("0-1", tag), "206 bytes 0-1/10 ab");
  EXPECT_EQ(range("0-1", "\"other\""), "200 - abcdefghij");
  EXPECT_EQ(range("0-1", "Sun, 06 Nov 1994 08:49:37 GMT"), "206 bytes 0-1/10 ab");
}

TEST_P(Files, ThatAreLargeAreSentInRangesToo) {
  const auto content = bytes(3'000'000);
  write("large", content);
  auto answer = get_with(http(), "/static/large", {{"Range", "bytes=1000000-2999998"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.header("Content-Length"), "1999999");
  EXPECT_TRUE(answer.body == content.substr(1'000'000, 1'999'999));
  answer = get_with(http(), "/static/large", {{"Range", "bytes=-1"}});
  EXPECT_EQ(answer.body, content.substr(2'999'999));
}

TEST_P(Files, CutTheConnectionWhenTheyShrinkMeanwhile) {
  make_sparse("shrinking", 256U << 20); // more than the sockets keep
  http_connection connection{node().http_port()};
  connection.send(to_bytes({"GET", "/static/shrinking", {}, {}}));
  EXPECT_EQ(connection.read(true).header("Content-Length"), "268435456");
  make_sparse("shrinking", 1);
  EXPECT_THROW(connection.read_bytes(256U << 20), connection_error);
  EXPECT_TRUE(answering_node().wait_for_message(".*shorter while it was read.*"));
  EXPECT_TRUE(eventually([&] { return open_files() == 0; }));
}

TEST_P(Files, AreClosedWhenTheyWereSent) {
  write("closed", bytes(200'000));
  EXPECT_EQ(http().get("/static/closed").status, 200);
  EXPECT_EQ(http().head("/static/closed").status, 200);
  EXPECT_TRUE(eventually([&] { return open_files() == 0; }));
}

TEST_P(Files, OfFoldersAreTheirIndex) {
  write("index.html", "the front page");
  write("sub/index.html", "of the folder");
  std::filesystem::create_directory(folder() / "bare");
  for (const auto* target : {"/static/", "/static/index.html"}) {
    const auto answer = http().get(target);
    EXPECT_EQ(answer.body, "the front page");
    EXPECT_EQ(answer.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(answer.header("Cache-Control"), "no-cache");
  }
  EXPECT_EQ(http().get("/static/sub/").body, "of the folder");
  EXPECT_EQ(http().get("/group/sub/").body, "of the folder");
  EXPECT_TRUE(is_problem(http().get("/static/bare/"), 404));
  EXPECT_TRUE(is_problem(http().get("/static/sub/index.html/"), 404));
  EXPECT_TRUE(is_problem(http().get("/all/"), 404)); // has no index
}

TEST_P(Files, OfFoldersAreReachedByARedirectionThatKeepsTheQuery) {
  write("sub/index.html", "of the folder");
  const auto location = [&](const std::string& target) {
    const auto answer = http().get(target);
    return std::to_string(answer.status) + " " + answer.header("Location").value_or("-");
  };
  EXPECT_EQ(location("/static"), "308 /static/");
  EXPECT_EQ(location("/group?a=1"), "308 /group/?a=1");
  EXPECT_EQ(location("/static/sub"), "308 /static/sub/");
  EXPECT_EQ(location("/static/sub?a=1&b=%20"), "308 /static/sub/?a=1&b=%20");
  EXPECT_EQ(location("/static/s%75b"), "308 /static/s%75b/");
  EXPECT_EQ(location("//example.org/../../static/sub"), "308 /example.org/../../static/sub/");
}

TEST_P(Files, ThatAreMissingAreTheFallbackUnlessTheyLookLikeFiles) {
  write("index.html", "the front page");
  for (const auto* target : {"/app/users/7", "/app/users/", "/app/about?x=1"}) {
    const auto answer = http().get(target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "the front page");
    EXPECT_EQ(answer.header("Cache-Control"), "no-cache");
  }
  for (const auto* target : {"/app/missing.js", "/app/a.b", "/app/.hidden", "/app/.well/known",
                             "/app/..%2fetc", "/static/users"})
    EXPECT_TRUE(is_problem(http().get(target), 404)) << target;
  EXPECT_TRUE(is_problem(http().post("/app/users/7"), 405));
}

TEST_P(Files, ThatAreHiddenAreThereOnlyWhereTheyMayBe) {
  write(".env", "key");
  write(".git/config", "[core]");
  for (const auto* name : {"/.env", "/.git/config", "/%2eenv", "/.git/", "/.git"})
    EXPECT_TRUE(is_problem(http().get(std::string{"/static"} + name), 404)) << name;
  EXPECT_EQ(http().get("/all/.env").body, "key");
  EXPECT_EQ(http().get("/all/.git/config").body, "[core]");
}

TEST_P(Files, OutsideOfTheFolderAreOutOfReach) {
  write("sub/x.txt", "x");
  write("../secret.txt", "secret");
  ASSERT_EQ(http().get("/all/sub/x.txt").body, "x");
  for (const auto* prefix : {"/static/", "/all/", "/app/", "/group/"})
    for (const auto* name : {"../secret.txt",
                             "%2e%2e/secret.txt",
                             ".%2e/secret.txt",
                             "..%2fsecret.txt",
                             "%2e%2e%2fsecret.txt",
                             "%2E%2E%2Fsecret.txt",
                             "..%5csecret.txt",
                             "..\\secret.txt",
                             "%252e%252e/secret.txt",
                             "%252e%252e%252fsecret.txt",
                             "sub/../../secret.txt",
                             "sub/..%2f..%2fsecret.txt",
                             "sub%2f..%2f..%2fsecret.txt",
                             "..;/secret.txt",
                             "%c0%ae%c0%ae/secret.txt",
                             "/etc/hosts.txt",
                             "%2fetc%2fhosts.txt",
                             "..%00/secret.txt",
                             "sub/x.txt%00.html",
                             "..../secret.txt"}) {
      http_client fresh{node().http_port()};
      const auto answer = fresh.get(std::string{prefix} + name);
      EXPECT_TRUE(answer.status == 404 || answer.status == 400) << prefix << name << answer.status;
      EXPECT_EQ(answer.body.find("secret\n"), std::string::npos);
      EXPECT_NE(answer.body, "secret");
    }
}

TEST_P(Files, BehindLinksAreThereOnlyWithinTheFolder) {
  write("sub/x.txt", "x");
  write("../outside/secret.txt", "secret");
  std::filesystem::create_symlink("sub/x.txt", folder() / "in.txt");
  std::filesystem::create_symlink("../outside/secret.txt", folder() / "out.txt");
  std::filesystem::create_symlink("../outside", folder() / "out");
  EXPECT_EQ(http().get("/static/in.txt").body, "x");
  for (const auto* target :
       {"/static/out.txt", "/static/out/secret.txt", "/all/out.txt", "/static/out", "/static/out/"})
    EXPECT_TRUE(is_problem(http().get(target), 404)) << target;
}

TEST_P(Files, AreRegularOnes) {
  ASSERT_EQ(::mkfifo((folder() / "fifo").c_str(), 0600), 0);
  EXPECT_TRUE(is_problem(http().get("/static/fifo"), 404));
  EXPECT_TRUE(is_problem(http().get("/named?name=fifo"), 404));
  EXPECT_TRUE(is_problem(http().get("/static/missing"), 404));
  EXPECT_TRUE(is_problem(http().get("/static/" + std::string(300, 'x')), 404));
}

TEST_P(Files, ThatAHandlerNamesAreAnsweredTheSame) {
  write("report.pdf", "%PDF");
  write(".plan", "none");
  auto answer = http().get("/named?name=report.pdf");
  EXPECT_EQ(answer.body, "%PDF");
  EXPECT_EQ(answer.header("Content-Type"), "application/pdf");
  EXPECT_EQ(answer.header("Cache-Control"), "public, max-age=60");
  EXPECT_EQ(answer.header("Content-Disposition"), "attachment; filename=\"report.pdf\"");
  const fields known{{"If-None-Match", answer.header("ETag").value_or("")}};
  EXPECT_EQ(get_with(http(), "/named?name=report.pdf", known).status, 304);
  EXPECT_EQ(http().head("/named?name=report.pdf").header("Content-Length"), "4");
  EXPECT_EQ(http().get("/named?name=.plan").body, "none");
  EXPECT_TRUE(is_problem(http().get("/named?name=missing"), 404));
  EXPECT_TRUE(is_problem(http().get("/named?name="), 404)); // the folder
}

TEST_P(Files, ToBeSavedHaveTheirNamesWhateverTheyAre) {
  write("a b.txt", "1");
  write("a\"b.txt", "2");
  write("\xc3\xa9.txt", "3");
  EXPECT_EQ(http().get("/group/a%20b.txt").header("Content-Disposition"),
            "attachment; filename=\"a b.txt\"");
  EXPECT_EQ(http().get("/group/a%22b.txt").header("Content-Disposition"),
            "attachment; filename*=UTF-8''a%22b.txt");
  EXPECT_EQ(http().get("/group/%c3%a9.txt").header("Content-Disposition"),
            "attachment; filename*=UTF-8''%C3%A9.txt");
}

} // namespace
} // namespace troupe::test
