// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sluice::http {

/// The text format of Prometheus, version 0.0.4, read strictly: every sample belongs to the family announced above it,
/// every series is there once, every value is a number, every histogram is cumulative and ends with +Inf = _count.
class exposition_parser {
 public:
  explicit exposition_parser(const std::string& text) {
    if (text.empty() || text.back() != '\n')
      fail("the last line has no end");
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      read(line);
    finish_family();
  }

  /// `series` as written: name{label="value"}.
  [[nodiscard]] double at(const std::string& series) const {
    const auto found = samples_.find(series);
    if (found == samples_.end())
      fail("there is no " + series);
    return found->second;
  }
  [[nodiscard]] bool has(const std::string& series) const { return samples_.contains(series); }
  [[nodiscard]] const std::map<std::string, std::string>& types() const { return types_; }
  [[nodiscard]] const std::map<std::string, double>& samples() const { return samples_; }

 private:
  [[noreturn]] static void fail(const std::string& words) { throw std::runtime_error{"exposition: " + words}; }

  void read(const std::string& line) {
    if (line.rfind("# HELP ", 0) == 0) {
      finish_family();
      family_ = line.substr(7, line.find(' ', 7) - 7);
      if (!helped_.insert(family_).second)
        fail("two families " + family_);
    } else if (line.rfind("# TYPE ", 0) == 0) {
      const auto space = line.find(' ', 7);
      const auto name = line.substr(7, space - 7);
      const auto type = line.substr(space + 1);
      if (name != family_ || (type != "counter" && type != "gauge" && type != "histogram"))
        fail(line);
      types_[name] = type;
    } else if (line.empty() || line[0] == '#') {
      fail("unknown line " + line);
    } else {
      sample(line);
    }
  }

  void sample(const std::string& line) {
    const auto space = line.rfind(' ');
    const auto series = line.substr(0, space);
    const auto name = series.substr(0, series.find('{'));
    const auto text = line.substr(space + 1);
    char* end = nullptr;
    const auto value = std::strtod(text.c_str(), &end);
    if (space == std::string::npos || text.empty() || *end != '\0')
      fail("no number in " + line);
    const auto type = types_.find(family_);
    if (type == types_.end())
      fail("a sample without a type: " + line);
    const auto suffix = name.rfind(family_, 0) == 0 ? name.substr(family_.size()) : "?";
    const bool fits =
        type->second == "histogram" ? suffix == "_bucket" || suffix == "_sum" || suffix == "_count" : suffix.empty();
    if (!fits)
      fail(series + " is not of " + family_);
    if (type->second == "counter" && (value < 0 || (family_.size() < 6 || !family_.ends_with("_total"))))
      fail("a counter is called _total and not negative: " + line);
    if (!samples_.emplace(series, value).second)
      fail("twice: " + series);
    if (suffix == "_bucket")
      bucket(series, value);
    if (suffix == "_count")
      counts_.emplace_back(series, value);  // compared when the family ends: it may stand before its buckets
  }

  void bucket(const std::string& series, double value) {
    const auto mark = series.find("le=\"");
    if (mark == std::string::npos)
      fail("a bucket without a bound: " + series);
    auto of = series;
    const auto close = series.find('"', mark + 4);
    const auto bound = series.substr(mark + 4, close - mark - 4);
    of.erase(mark, close - mark + 1);
    auto& before = buckets_[of];
    if (value < before)
      fail("not cumulative: " + series);
    before = value;
    if (bound == "+Inf")
      infinities_[of] = value;
  }

  void finish_family() {
    if (types_.contains(family_) && types_.at(family_) == "histogram") {
      if (buckets_.size() != infinities_.size() || counts_.size() != infinities_.size())
        fail("a histogram of " + family_ + " lacks +Inf or its count");
      std::multiset<double> ends;
      std::multiset<double> counted;
      for (const auto& [series, value] : infinities_)
        ends.insert(value);
      for (const auto& [series, value] : counts_)
        counted.insert(value);
      if (ends != counted)
        fail("+Inf is not the count of " + family_);
    }
    buckets_.clear();
    infinities_.clear();
    counts_.clear();
  }

  std::string family_;
  std::set<std::string> helped_;
  std::map<std::string, std::string> types_;
  std::map<std::string, double> samples_;
  std::map<std::string, double> buckets_, infinities_;
  std::vector<std::pair<std::string, double>> counts_;
};

}  // namespace sluice::http
