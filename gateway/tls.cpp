#include "gateway/tls.hpp"

#include "gateway/detail/tls_context.hpp"

#include <fmt/chrono.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <ctime>

namespace troupe::gateway {

namespace {

std::string day_of(std::time_t when) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(when));
}

void log_certificate(const std::string& file, const certificate_facts& facts) {
  const auto now = std::time(nullptr);
  if (facts.ends <= now)
    spdlog::warn("the certificate {} has expired on {}: clients will refuse it", file,
                 day_of(facts.ends));
  else if (facts.begins > now)
    spdlog::warn("the certificate {} is valid from {} only: clients will refuse it", file,
                 day_of(facts.begins));
  else
    spdlog::info("the certificate {} of {} is valid until {}", file,
                 fmt::join(facts.names, ", "), day_of(facts.ends));
}

} // namespace

std::shared_ptr<const tls_context> load_tls(const config::tls_settings& settings) {
  if (!settings.enabled())
    return nullptr;
  auto out = std::make_shared<const tls_context>(settings);
  for (std::size_t i = 0; i < settings.certificates.size(); ++i)
    log_certificate(settings.certificates[i], out->certificates()[i]);
  if (settings.self_signed)
    spdlog::warn("the certificate was made just now, for development only; its SHA-256 fingerprint "
                 "is {}",
                 out->certificates().front().fingerprint);
  return out;
}

} // namespace troupe::gateway
