// SPDX-License-Identifier: Apache-2.0
// The service: configuration, stores, actors, server, and their ordered stop. The composition root: here alone the
// parts meet.
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <future>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "actors/actor_tree.hpp"
#include "actors/certificates/configured_certificates.hpp"
#include "actors/control_system.hpp"
#include "actors/import/recovery.hpp"
#include "actors/judges.hpp"
#include "actors/pipeline/pipeline_runner.hpp"
#include "actors/uploads/pushed_source.hpp"
#include "actors/verification/sandbox/keeper.hpp"
#include "actors/verification/sandbox/walk_job.hpp"
#include "http/api/service.hpp"
#include "http/client/barbican_certificates.hpp"
#include "http/client/http_source.hpp"
#include "http/client/keystone.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/record_store.hpp"
#include "schemas/configuration.hpp"
#include "schemas/live_configuration.hpp"

namespace {

using namespace sluice;
using namespace std::chrono_literals;

/// How long reads in hand may take to finish, and imports to pause, once the service is told to stop.
constexpr std::chrono::milliseconds stop_grace = 30s;
/// When a pushed body counts as abandoned although nobody said so; sessions notice silent clients themselves, sooner.
constexpr std::chrono::milliseconds upload_patience = 10min;
/// Disk space that imports never take: records must still be written when the disk is "full".
constexpr std::uint64_t free_space_floor = std::uint64_t{64} << 20;

struct command_line {
  std::string config_file;
  std::optional<std::string> listen, operator_listen, data_dir;
  std::string log_level = "info";
  bool check_config = false;
};

/// Connections, sources and staged files are descriptors: take as many as the system lets us.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

schemas::result<schemas::configuration> configured(const command_line& options) {
  schemas::configuration configuration;
  if (!options.config_file.empty()) {
    auto loaded = schemas::load_configuration(options.config_file);
    if (!loaded)
      return loaded;
    configuration = std::move(*loaded);
  }
  if (options.listen)
    configuration.http.listen = *options.listen;
  if (options.operator_listen)
    configuration.http.operator_listen = *options.operator_listen;
  if (options.data_dir)
    configuration.store.data_dir = *options.data_dir;
  if (const auto sound = schemas::validate(configuration); !sound)
    return tl::unexpected{sound.error()};
  return configuration;
}

/// Who may sign images: read from the files of [verify] once, at the start, and asked of Barbican.
struct signers {
  std::unique_ptr<actors::configured_certificates> certificates;
  std::unique_ptr<http::barbican_certificates> barbican;  ///< null: it is not asked
  std::shared_ptr<const actors::verification::trusted_authorities> authorities;

  [[nodiscard]] actors::certificate_source* source() const {
    if (barbican)
      return barbican.get();
    return certificates.get();
  }
};

schemas::result<signers> load_signers(const schemas::configuration& configuration) {
  const auto& verify = configuration.verify;
  signers loaded;
  auto certificates = actors::configured_certificates::load(verify);
  if (!certificates)
    return tl::unexpected{certificates.error()};
  loaded.certificates = std::make_unique<actors::configured_certificates>(std::move(*certificates));
  if (!verify.barbican.url.empty()) {
    auto barbican = http::barbican_certificates::to(verify.barbican, configuration.keystone, loaded.certificates.get());
    if (!barbican)
      return tl::unexpected{barbican.error()};
    loaded.barbican = std::move(*barbican);
  }
  if (verify.trusted_ca.empty())
    return loaded;
  auto authorities = actors::verification::trusted_authorities::load(verify.trusted_ca);
  if (!authorities)
    return tl::unexpected{authorities.error()};
  loaded.authorities = std::make_shared<actors::verification::trusted_authorities>(std::move(*authorities));
  return loaded;
}

/// Everything that runs, in the order in which it starts; it stops in the opposite one.
class service {
 public:
  service(command_line options, schemas::configuration configuration, signers known_signers)
      : options_{std::move(options)},
        configuration_{std::move(configuration)},
        signers_{std::move(known_signers)},
        live_{configuration_} {}

  /// The exit status of the process.
  int run();

 private:
  schemas::result<void> start();
  void stop();
  void wait_for_signals();
  void reload();
  void follow_changes();

  command_line options_;
  const schemas::configuration configuration_;  ///< as it was at the start
  const signers signers_;
  schemas::live_configuration live_;
  actors::service_metrics metrics_;
  actors::system_clock clock_;
  actors::progress_board progress_;
  const actors::isolation protections_ = actors::chosen_isolation();
  actors::serving_signals signals_of_serving_;
  actors::gate gate_{signals_of_serving_.pressure};
  actors::throttle_board throttles_{gate_};
  boost::asio::io_context control_{1};
  boost::asio::signal_set signals_{control_, SIGTERM, SIGINT, SIGHUP};
  int exit_status_ = 0;

  std::unique_ptr<persistence::record_store> records_;
  std::unique_ptr<persistence::blob_store> blobs_;
  std::unique_ptr<http::http_source_factory> sources_;
  actors::upload_board uploads_;
  std::unique_ptr<actors::source_switch> all_sources_;
  std::unique_ptr<actors::pipeline_runner> pipelines_;
  std::unique_ptr<actors::store_work> files_;
  std::unique_ptr<actors::judges> judges_;
  actors::control_configuration system_configuration_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<actors::actor_tree> tree_;
  std::unique_ptr<http::keystone> keystone_;
  std::unique_ptr<http::api_server> api_;
};

schemas::result<void> service::start() {
  const auto& data_dir = configuration_.store.data_dir;
  std::error_code failed;
  std::filesystem::create_directories(data_dir, failed);
  if (failed)
    return schemas::refuse(schemas::error_code::store_failed,
                           "The data directory " + data_dir.string() + " cannot be made (" + failed.message() +
                               "). Choose another with --data-dir, or [store] data_dir.");
  auto blobs = persistence::blob_store::open(data_dir, free_space_floor);
  if (!blobs)
    return tl::unexpected{blobs.error()};
  blobs_ = std::move(*blobs);
  auto records = persistence::record_store::open(data_dir);
  if (!records)
    return tl::unexpected{records.error()};
  records_ = std::move(*records);
  const auto swept = actors::sweep_orphans(*records_, *blobs_);
  if (swept.staged_removed + swept.images_removed > 0)
    spdlog::info("orphans removed staged={} images={}", swept.staged_removed, swept.images_removed);

  sources_ = std::make_unique<http::http_source_factory>(configuration_.sources, configuration_.imports);
  all_sources_ = std::make_unique<actors::source_switch>(*sources_, uploads_, upload_patience);
  actors::pipeline_options moving;
  moving.imports = configuration_.imports;
  moving.verify = configuration_.verify;
  moving.digests = configuration_.digests;
  moving.protections = protections_;
  moving.before = &gate_;
  moving.certificates = signers_.source();
  moving.authorities = signers_.authorities;
  pipelines_ = std::make_unique<actors::pipeline_runner>(*all_sources_, *blobs_, throttles_, moving);
  files_ = std::make_unique<actors::store_work>(pipelines_->store());

  system_ = std::make_unique<caf::actor_system>(system_configuration_);
  judges_ = std::make_unique<actors::judges>(configuration_, *records_, *blobs_, gate_, clock_, metrics_);
  actors::import_surroundings around{
      *records_, *blobs_, *pipelines_, *files_, progress_, clock_, configuration_.imports, metrics_};
  around.converter = &judges_->conversion();
  around.uploads = &uploads_;
  const actors::bandwidth_surroundings governed{throttles_, signals_of_serving_, gate_, clock_, protections_};
  tree_ = std::make_unique<actors::actor_tree>(*system_, *records_, around, governed, judges_->judging(),
                                               judges_->judging_again(), configuration_, [this](const std::string&) {
                                                 boost::asio::post(control_, [this] {
                                                   exit_status_ = 1;
                                                   control_.stop();
                                                 });
                                               });
  follow_changes();
  http::service_parts parts{*system_,
                            tree_->imports(),
                            tree_->lifetimes(),
                            *records_,
                            *blobs_,
                            progress_,
                            configuration_,
                            signals_of_serving_,
                            tree_->records(),
                            tree_->bandwidth(),
                            live_,
                            metrics_,
                            {}};
  parts.images = tree_->images();
  parts.uploads = &uploads_;
  parts.sample = [this](actors::exposed_facts& facts) {
    facts.blocks = pipelines_->blocks().count();
    facts.blocks_free = pipelines_->blocks().free_count();
    facts.gate_waits = gate_.waits();
    facts.sandbox_keeper_starts = judges_->keeper_starts();
    facts.checks = judges_->check_names();
  };
  if (configuration_.auth.mode == schemas::auth_mode::keystone) {
    auto keystone = http::keystone::start(configuration_.keystone);
    if (!keystone)
      return tl::unexpected{keystone.error()};
    keystone_ = std::move(*keystone);
    parts.tokens = keystone_.get();
    parts.lent_tokens = sources_->tokens().get();
  }
  parts.reverifications = tree_->reverifications();
  api_ = std::make_unique<http::api_server>(std::move(parts));
  if (const auto listening = api_->start(); !listening)
    return listening;
  if (const auto taken_up = tree_->recover(); taken_up > 0)
    spdlog::info("imports taken up count={}", taken_up);
  return {};
}

void service::wait_for_signals() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error)
      return;
    if (signal == SIGHUP) {
      reload();
      wait_for_signals();
    } else {
      spdlog::info("stopping signal={}", signal == SIGTERM ? "SIGTERM" : "SIGINT");
      control_.stop();
    }
  });
}

void service::reload() {
  const auto fresh = configured(options_);
  if (!fresh) {
    spdlog::error("configuration not changed reason=\"{}\"", fresh.error().message);
    return;
  }
  for (const auto& section : live_.replace(*fresh))
    spdlog::warn("configuration changed section=[{}] but it takes effect only at the next start", section);
  spdlog::info("configuration read again sections=\"[bandwidth] [imports]\" in force");
}

/// What may change while the service runs is told to those it concerns.
void service::follow_changes() {
  live_.tell({[this](const auto& bandwidth) { tree_->configure(bandwidth); },
              [this](const auto& imports) {
                sources_->configure(imports);
                pipelines_->configure(imports);
                tree_->configure(imports);
              }});
}

void service::stop() {
  // Reads finish and imports pause at the same time; both have the same grace.
  auto reads = std::async(std::launch::async, [this] {
    if (api_)
      api_->stop(stop_grace);
  });
  if (tree_ && !tree_->stop(stop_grace))
    spdlog::warn("not every import paused in time; each continues from its last checkpoint");
  reads.wait();
  api_.reset();
  keystone_.reset();
  tree_.reset();
  if (pipelines_)
    pipelines_->shutdown();
  system_.reset();
  judges_.reset();
  files_.reset();
  pipelines_.reset();
}

int service::run() {
  if (const auto started = start(); !started) {
    std::cerr << "sluiced: " << started.error().message << '\n';
    stop();
    return 1;
  }
  std::cout << "sluiced ready: api " << api_->api_endpoint() << " operator " << api_->operator_endpoint() << std::endl;
  wait_for_signals();
  control_.run();
  stop();
  spdlog::info("stopped status={}", exit_status_);
  return exit_status_;
}

}  // namespace

int main(int argc, char** argv) {
  // Before anything else: the keeper is small because it has none of what follows.
  if (actors::verification::sandbox::is_keeper(argc, argv))
    return actors::verification::sandbox::keep(actors::verification::sandbox::built_in_functions());
  command_line options;
  CLI::App app{"Takes disk images from people the cloud does not trust, and serves them to the cloud.", "sluiced"};
  app.add_option("--config", options.config_file, "Configuration file (TOML); every setting has a default")
      ->type_name("FILE");
  app.add_option("--listen", options.listen, "Where users and Nova reach the API; port 0 picks a free one")
      ->type_name("ADDR:PORT");
  app.add_option("--operator-listen", options.operator_listen, "Where operators reach it")->type_name("ADDR:PORT");
  app.add_option("--data-dir", options.data_dir, "Where records and images are kept")->type_name("DIR");
  app.add_option("--log-level", options.log_level, "What is logged on stderr")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
      ->type_name("LEVEL");
  app.add_flag("--check-config", options.check_config, "Read the configuration, say whether it is sound, and exit");
  app.set_version_flag("--version", "sluiced " SLUICE_VERSION);
  CLI11_PARSE(app, argc, argv);

  const auto logger = spdlog::stderr_color_mt("sluice");
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  logger->set_level(spdlog::level::from_str(options.log_level));
  spdlog::set_default_logger(logger);

  const auto configuration = configured(options);
  if (!configuration) {
    std::cerr << "sluiced: " << configuration.error().message << '\n';
    return 2;
  }
  auto signers = load_signers(*configuration);
  if (!signers) {
    std::cerr << "sluiced: " << signers.error().message << '\n';
    return 2;
  }
  if (options.check_config) {
    std::cout << (options.config_file.empty() ? "The default configuration" : options.config_file) << " is sound.\n";
    return 0;
  }
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  try {
    return service{options, *configuration, std::move(*signers)}.run();
  } catch (const std::exception& fault) {
    std::cerr << "sluiced: " << fault.what() << '\n';
    return 1;
  }
}
