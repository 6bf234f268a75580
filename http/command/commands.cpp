// SPDX-License-Identifier: Apache-2.0
#include "http/command/commands.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "http/command/follow.hpp"
#include "http/command/progress_display.hpp"
#include "http/command/record.hpp"
#include "http/command/save.hpp"
#include "http/command/service_client.hpp"
#include "http/command/wording.hpp"

namespace sluice::command {
namespace {

using manner = progress_display::manner;

void print(const std::string& line) {
  std::printf("%s\n", line.c_str());
}

std::string shown(std::string_view text) {
  return printable(text, locale_is_utf8());
}

const std::string imports_path = "/v2/image-imports";

outcome announce_failure(const import_record& record, bool json) {
  if (json) {
    print(record.document);
    return outcome::import_failed;
  }
  auto words = "The import of " + shown(record.title()) + " failed: " + shown(record.message);
  if (!record.hint.empty() && record.message.find(record.hint) == std::string::npos)
    words += "\n  hint:  " + shown(record.hint);
  if (!record.error_code.empty())
    words += "\n  code:  " + shown(record.error_code) +
             (record.retryable ? " (trying the same again may help)" : " (trying the same again will not help)");
  std::fprintf(stderr, "%s\n", words.c_str());
  return outcome::import_failed;
}

outcome announce_success(service_client& service, const import_record& record, bool json) {
  if (json) {
    print(record.document);
    return outcome::success;
  }
  const auto image = accepted(service.get("/v2/images/" + record.image_id)).and_then(read_image);
  auto words = "imported: image " + record.image_id;
  if (image) {
    if (!image->name.empty())
      words = "imported " + shown(image->name) + ": image " + record.image_id;
    words += " (" + shown(image->disk_format);
    if (image->size)
      words += ", " + human_size(*image->size);
    if (image->virtual_size && image->virtual_size != image->size)
      words += ", for the guest " + human_size(*image->virtual_size);
    words += ")";
  }
  print(words);
  return outcome::success;
}

/// With --json standard output is the document's alone; a bar may still be drawn on standard error.
outcome watch_to_the_end(service_client& service, const std::string& id, bool json) {
  progress_display display{json ? stderr : stdout, json ? manner::silent : manner::lines};
  const auto record = follow(service, id, display);
  display.clear();
  if (!record) {
    auto why = record.error();
    if (why.status == outcome::interrupted)
      why.message = "Interrupted. The import goes on in the service: see it with sluice watch " + id +
                    ", end it with sluice cancel " + id + ".";
    return report(why, json);
  }
  return record->status == "success" ? announce_success(service, *record, json) : announce_failure(*record, json);
}

outcome carry_out(service_client& service, const import_arguments& wanted, bool json) {
  const auto record = accepted(service.request("POST", imports_path, compose_import(wanted), {})).and_then(read_import);
  if (!record)
    return report(record.error(), json);
  if (wanted.wait)
    return watch_to_the_end(service, record->id, json);
  if (json)
    print(record->document);
  else
    print("accepted: import " + record->id + ". See how it goes with: sluice watch " + record->id);
  return outcome::success;
}

outcome carry_out(service_client& service, const watch_arguments& wanted, bool json) {
  return watch_to_the_end(service, wanted.id, json);
}

void print_document(const std::string& document, bool json) {
  if (json)
    print(document);
  else
    std::fputs(readable(document, locale_is_utf8()).c_str(), stdout);
}

outcome carry_out(service_client& service, const show_arguments& wanted, bool json) {
  auto read = accepted(service.get(imports_path + "/" + wanted.id)).and_then(read_import);
  if (!read && read.error().status == outcome::refused) {
    // Not an import: an image, perhaps. When it is neither, the first answer is the one to print.
    const auto image = accepted(service.get("/v2/images/" + wanted.id)).and_then(read_image);
    if (image) {
      print_document(image->document, json);
      return outcome::success;
    }
  }
  if (!read)
    return report(read.error(), json);
  print_document(read->document, json);
  return outcome::success;
}

outcome carry_out(service_client& service, const cancel_arguments& wanted, bool json) {
  const auto ended = accepted(service.request("DELETE", imports_path + "/" + wanted.id, {}, {}));
  if (!ended)
    return report(ended.error(), json);
  print(json ? "{\"id\":\"" + wanted.id + "\",\"deleted\":true}"
             : "import " + wanted.id + ": cancelled, or removed when it was over already.");
  return outcome::success;
}

std::string progress_of(const import_record& record) {
  if (record.status == "success")
    return "image " + record.image_id;
  if (record.status == "failure")
    return record.message;
  if (record.status == "waiting")
    return record.queue_position && *record.queue_position > 0 ? human_queue_position(*record.queue_position) : "";
  auto words = human_size(record.bytes);
  if (record.total)
    words += " of " + human_size(*record.total);
  if (record.rate && *record.rate > 0)
    words += ", " + human_size(*record.rate) + "/s";
  return words;
}

void print_table(const std::vector<import_record>& imports) {
  using row = std::array<std::string, 4>;
  std::vector<row> rows{{"ID", "STATUS", "NAME", "CREATED"}};
  std::vector<std::string> last{"OUTCOME"};
  std::array<std::size_t, 4> widths{};
  for (const auto& record : imports) {
    rows.push_back(
        {shown(record.id), shown(record.status), shortened(shown(record.name), 32), shown(record.created_at)});
    last.push_back(shown(progress_of(record)));
  }
  for (const auto& cells : rows)
    for (std::size_t column = 0; column < cells.size(); ++column)
      widths[column] = std::max(widths[column], columns(cells[column]));
  for (std::size_t line = 0; line < rows.size(); ++line) {
    std::string text;
    for (std::size_t column = 0; column < widths.size(); ++column)
      text += rows[line][column] + std::string(widths[column] - columns(rows[line][column]) + 2, ' ');
    print(text + last[line]);
  }
}

outcome carry_out(service_client& service, const list_arguments& wanted, bool json) {
  auto path = imports_path + "?limit=" + std::to_string(std::min<std::uint32_t>(wanted.limit, 1000));
  if (!wanted.status.empty())
    path += "&status=" + wanted.status;
  std::vector<import_record> imports;
  // A page may be shorter than was asked for; a `next` that leads elsewhere or nowhere new ends the walk.
  while (!path.empty() && imports.size() < wanted.limit) {
    auto page = accepted(service.get(path)).and_then(read_imports);
    if (!page)
      return report(page.error(), json);
    if (page->imports.empty())
      break;
    std::move(page->imports.begin(), page->imports.end(), std::back_inserter(imports));
    path = page->next.starts_with(imports_path) && page->next != path ? page->next : std::string{};
  }
  if (imports.size() > wanted.limit)
    imports.resize(wanted.limit);
  if (json) {
    std::string document = "{\"image_imports\":[";
    for (const auto& record : imports)
      document += (&record == imports.data() ? "" : ",") + record.document;
    print(document + "]}");
  } else if (imports.empty()) {
    print(wanted.status.empty() ? "There are no imports. Start one with: sluice import URL"
                                : "There are no imports with status " + wanted.status + ".");
  } else {
    print_table(imports);
  }
  return outcome::success;
}

/// The image with this id, or the one that the import with this id made.
attempt<image_record> find_image(service_client& service, const std::string& id) {
  auto image = accepted(service.get("/v2/images/" + id)).and_then(read_image);
  if (image || image.error().status != outcome::refused)
    return image;
  const auto made_by = accepted(service.get(imports_path + "/" + id)).and_then(read_import);
  if (!made_by)
    return made_by.error().status == outcome::refused ? image : attempt<image_record>{tl::unexpected{made_by.error()}};
  if (made_by->status == "success")
    return accepted(service.get("/v2/images/" + made_by->image_id)).and_then(read_image);
  if (made_by->status == "failure")
    return give_up(outcome::refused, "There is no image to save: the import failed. " + shown(made_by->message));
  return give_up(outcome::refused, "There is no image yet: the import is " + shown(made_by->status) +
                                       ". Wait for it with: sluice watch " + id);
}

outcome carry_out(service_client& service, const save_arguments& wanted, bool json) {
  const auto image = find_image(service, wanted.id);
  if (!image)
    return report(image.error(), json);
  const auto file = wanted.file.empty() ? file_name_for(*image) : wanted.file;
  std::error_code ignored;
  if (wanted.file.empty() && std::filesystem::exists(file, ignored))
    return report({outcome::usage, file + " is there already. Name another file with --file (or that one, to replace "
                                          "it)."},
                  json);
  progress_display display{stderr, manner::silent};
  const auto saved = save(service, *image, file, display);
  display.clear();
  if (!saved) {
    auto why = saved.error();
    if (why.status == outcome::interrupted)
      why.message = "Interrupted. Nothing was kept.";
    return report(why, json);
  }
  const auto checked = image->os_hash_algo.empty() ? std::string{"md5"} : image->os_hash_algo;
  if (*saved == "-")
    return outcome::success;
  print(json ? image->document
             : "saved " + shown(*saved) + " (" + human_size(image->size.value_or(0)) + ", " + shown(checked) +
                   " verified)");
  return outcome::success;
}

}  // namespace

outcome report(const trouble& why, bool json) {
  if (json && !why.document.empty())
    print(why.document);
  if (!why.message.empty())
    std::fprintf(stderr, "%s\n", why.message.c_str());
  return why.status;
}

outcome carry_out(const arguments& wanted) {
  auto service = service_client::create(wanted.service);
  if (!service)
    return report(service.error(), wanted.json);
  return std::visit([&](const auto& what) { return carry_out(*service, what, wanted.json); }, wanted.wanted);
}

}  // namespace sluice::command
