#pragma once

#include <gtest/gtest.h>

#include <iostream>
#include <string>

namespace troupe::test {

/// Prints what a test has measured (`ctest -V` shows it) and puts it into the report. A test fails
/// by its promise, never by comparing figures.
inline void figure(const std::string& name, long long value) {
  testing::Test::RecordProperty(name, std::to_string(value));
  std::cout << "[  FIGURE  ] " << name << " = " << value << std::endl;
}

} // namespace troupe::test
