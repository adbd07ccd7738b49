#include "tests/support/child_process.hpp"

#include <csignal>
#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace troupe::test {
namespace {

command shell(const std::string& script) {
  return {"sh", {"-c", script}, {}, {}};
}

TEST(ChildProcess, ItsLinesAndItsExitCodeAreReported) {
  auto result = run_to_end(shell("echo one; echo two >&2; printf three; exit 7"));
  EXPECT_EQ(result.status, (exit_status{7, 0}));
  EXPECT_EQ(result.out, "one\nthree\n");
  EXPECT_EQ(result.err, "two\n");
}

TEST(ChildProcess, ALineIsSeenWhileTheProcessRuns) {
  child_process process{shell("echo ready; exec tail -f /dev/null")};
  EXPECT_EQ(process.out().wait_for([](const auto& line) { return line == "ready"; }), "ready");
  EXPECT_TRUE(process.running());
}

TEST(ChildProcess, ASignalThatEndsItIsReported) {
  child_process process{shell("echo ready; exec tail -f /dev/null")};
  process.signal(SIGKILL);
  EXPECT_EQ(process.wait(), (exit_status{0, SIGKILL}));
}

TEST(ChildProcess, StandsStillOnceItHasBeenToldTo) {
  child_process process{shell("echo ready; while :; do :; done")};
  ASSERT_TRUE(process.out().wait_for([](const auto& line) { return line == "ready"; }));
  for (int i = 0; i < 50; ++i) {
    process.signal(SIGSTOP);
    std::ifstream file{"/proc/" + std::to_string(process.pid()) + "/stat"};
    std::string pid, name, state;
    file >> pid >> name >> state;
    EXPECT_EQ(state, "T");
    process.signal(SIGCONT);
  }
  process.signal(SIGKILL);
  EXPECT_EQ(process.wait(), (exit_status{0, SIGKILL}));
}

TEST(ChildProcess, WaitingForALineThatNeverComesEndsWithTheProcess) {
  child_process process{shell("echo something else")};
  EXPECT_EQ(process.out().wait_for([](const auto& line) { return line == "ready"; }), std::nullopt);
}

TEST(ChildProcess, TheEnvironmentIsGivenWithoutTheSettingsOfTheCaller) {
  ::setenv("TROUPE_LOG_LEVEL", "trace", 1);
  auto what = shell("echo $TROUPE_LOG_LEVEL,$TROUPE_THREADS");
  what.environment["TROUPE_THREADS"] = "3";
  EXPECT_EQ(run_to_end(what).out, ",3\n");
  ::unsetenv("TROUPE_LOG_LEVEL");
}

TEST(ChildProcess, AProgramThatDoesNotExistEndsWith127) {
  auto result = run_to_end({"no-such-program", {}, {}, {}});
  EXPECT_EQ(result.status, (exit_status{127, 0}));
}

} // namespace
} // namespace troupe::test
