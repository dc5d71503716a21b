// The report for people.
#include "base/text.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <sstream>

#include "report/listing.h"
#include "report/page.h"
#include "report/tree.h"
#include "safe_load/report.h"

namespace safe_load {
inline namespace v0 {
namespace {

using report::Listing;
using report::Page;
using report::ValueRow;

std::string plural(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + ' ' + std::string(noun) + (count == 1 ? "" : "s");
}

// Whole, where summary() shows the beginning.
std::string key_text(const ValueView& key) {
  return key.kind() == ValueKind::kText ? base::quoted(key.get_or<std::string>("")) : summary(key);
}

std::string shape_text(const Dims& shape) {
  std::ostringstream out;
  out << shape;
  return out.str();
}

std::string flags_text(const TensorView& tensor) {
  std::string text;
  const auto add = [&](bool is_set, std::string_view word) {
    if (is_set) text += (text.empty() ? "" : ", ") + std::string(word);
  };
  add(tensor.is_parameter(), "parameter");
  add(!tensor.is_parameter() && tensor.requires_grad(), "requires grad");
  add(!tensor.is_contiguous(), "strides " + shape_text(tensor.strides()));
  add(tensor.is_conjugated(), "conjugated");
  add(tensor.is_negated(), "negated");
  add(tensor.storage().location() != "cpu", base::escaped(tensor.storage().location()));
  return text;
}

std::size_t most_values(const TextOptions& options) {
  return options.most_values != 0 ? options.most_values : options.most_rows;
}

// The idle ones are counted.
void add_values(const Listing& listing, const TextOptions& options, Page& page) {
  std::vector<std::vector<std::string>> rows;
  for (const ValueRow& row : listing.values)
    if (!row.is_idle) rows.push_back({row.path, row.text});
  const std::size_t idle = listing.values.size() - rows.size();
  if (listing.values.empty() && listing.more_values == 0) return;
  page.heading("values");
  page.table(std::move(rows), most_values(options), listing.more_values);
  if (idle != 0)
    page.line("  " + plural(idle, "value") +
              " of modules not listed: flags and empty tables; --json has them");
}

// Nothing for types that hold no numbers of their own.
void add_elements(const ValueView& value, const TextOptions& options, Page& page) {
  const auto elements = part_to_text(value, "", options);
  if (elements) page.block(*elements);
}

// What the files of several processes hold together.
void add_ranks(const Listing& listing, Page& page) {
  std::vector<std::vector<std::string>> rows;
  std::string_view file;
  const auto show = [&] {
    if (rows.empty()) return;
    page.heading("tensors of " + std::string(file));
    page.table(rows);
    rows.clear();
  };
  for (const RankTensor& tensor : listing.ranks) {
    if (tensor.file != file) show();
    file = tensor.file;
    rows.push_back({tensor.name, std::string(info(tensor.dtype).label), shape_text(tensor.shape),
                    tensor.placement});
  }
  show();
}

std::vector<report::Row> in_order(std::vector<report::Row> rows,
                                  const std::vector<NamedTensor>& tensors, TensorOrder order) {
  if (order == TensorOrder::kFile) return rows;
  std::vector<std::size_t> places(rows.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  std::ranges::stable_sort(places, [&](std::size_t a, std::size_t b) {
    if (order == TensorOrder::kName) return tensors[a].name < tensors[b].name;
    return tensors[a].tensor.byte_count() > tensors[b].tensor.byte_count();
  });
  std::vector<report::Row> sorted;
  sorted.reserve(rows.size());
  for (const std::size_t place : places) sorted.push_back(std::move(rows[place]));
  return sorted;
}

void add_tensors(const Listing& listing, TensorOrder order, Page& page) {
  std::map<std::uint32_t, const NamedTensor*> by_tensor;
  std::map<std::uint32_t, const NamedTensor*> by_storage;
  std::vector<std::vector<std::string>> rows;
  for (const NamedTensor& row : listing.tensors) {
    const auto [same, is_new] = by_tensor.emplace(row.tensor.id(), &row);
    std::string note = flags_text(row.tensor);
    const auto [sharer, first_use] = by_storage.emplace(row.tensor.storage().id(), &row);
    const auto add = [&](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
    if (!is_new) {
      add("= " + same->second->name);
    } else if (!first_use && row.tensor.byte_count() != 0) {
      add("shares storage with " + sharer->second->name);
    }
    rows.push_back({row.name.empty() ? "$" : row.name, std::string(info(row.tensor.dtype()).label),
                    shape_text(row.tensor.shape()), human_size(row.tensor.byte_count()), note});
  }
  if (rows.empty()) return;
  page.heading("tensors");
  page.table(in_order(std::move(rows), listing.tensors, order));
}

}  // namespace

std::string to_text(const Checkpoint& checkpoint, std::string_view title,
                    const TextOptions& options) {
  const Listing listing = report::collect(checkpoint, most_values(options));
  const ContainerInfo& container = checkpoint.container();
  Page page(options);
  std::string summary_line =
      base::escaped(title, 4096) + "  " + std::string(to_text(container.format)) + ", ";
  summary_line += plural(listing.distinct_tensors, "tensor") + ", ";
  if (listing.arrays != 0) summary_line += plural(listing.arrays, "array") + ", ";
  summary_line +=
      human_size(listing.storage_bytes) + " of data in " + human_size(container.file_size);
  if (container.protocol != 0)
    summary_line += ", pickle protocol " + std::to_string(container.protocol);
  if (!container.version.empty()) summary_line += ", version " + container.version;
  if (container.byte_order == ByteOrder::kBig) summary_line += ", big-endian";
  page.heading(summary_line);
  if (options.is_summary) return std::move(page).take();
  for (const std::string& origin : listing.origins) page.line("written by " + origin);
  add_ranks(listing, page);
  if (options.is_tree) {
    report::add_tree(listing.tensors, options.order, page);
  } else {
    add_tensors(listing, options.order, page);
  }
  add_values(listing, options, page);
  if (!listing.unknown.empty()) {
    page.heading("inert classes and functions (nothing was imported or run)");
    std::vector<std::vector<std::string>> rows;
    for (const SymbolUse& use : listing.unknown)
      rows.push_back(
          {use.name, std::to_string(use.count) + "x",
           use.object_path.empty() ? "not part of the result" : "at " + use.object_path});
    page.table(rows);
  }
  if (!checkpoint.issues().empty()) {
    page.heading("damaged values");
    for (const Issue& issue : checkpoint.issues()) page.warning("  " + issue.text());
  }
  for (const std::string& note : container.notes) page.line("note: " + note);
  return std::move(page).take();
}

std::string to_text(const Checkpoint& checkpoint, const ValueView& value,
                    const TextOptions& options) {
  Page page(options);
  page.heading(summary(value) + "  at " + checkpoint.path(value));
  if (const auto tensor = value.tensor()) {
    std::vector<std::vector<std::string>> rows = {
        {"dtype", "torch." + std::string(name(tensor->dtype()))},
        {"shape", shape_text(tensor->shape())},
        {"strides", shape_text(tensor->strides())},
        {"size", human_size(tensor->byte_count())},
        {"storage", base::escaped(tensor->storage().key()) + " on " +
                        base::escaped(tensor->storage().location()) + ", " +
                        human_size(tensor->storage().byte_count()) + ", offset " +
                        std::to_string(tensor->storage_offset())}};
    if (const std::string flags = flags_text(*tensor); !flags.empty())
      rows.push_back({"flags", flags});
    const auto statistics = tensor->statistics();
    if (statistics) {
      rows.push_back({"minimum", base::to_text(statistics->minimum)});
      rows.push_back({"maximum", base::to_text(statistics->maximum)});
      rows.push_back({"mean", base::to_text(statistics->mean)});
      rows.push_back({"standard deviation", base::to_text(statistics->standard_deviation)});
      rows.push_back({"NaN", std::to_string(statistics->nan_count)});
      rows.push_back({"infinite", std::to_string(statistics->infinite_count)});
    } else {
      rows.push_back({"statistics", std::string(statistics.error().reason())});
    }
    page.table(rows);
    add_elements(value, options, page);
    return std::move(page).take();
  }
  std::vector<std::vector<std::string>> rows;
  const auto add_pairs = [&](const Values& pairs, std::string_view before, std::string_view after) {
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
      rows.push_back(
          {std::string(before) + key_text(pairs[i]) + std::string(after), summary(pairs[i + 1])});
  };
  const auto add_items = [&](const Values& values, const std::string& before) {
    for (std::size_t i = 0; i < values.size(); ++i)
      rows.push_back({before + '[' + std::to_string(i) + ']', summary(values[i])});
  };
  if (value.is_dict()) {
    add_pairs(value.items(), "[", "]");
  } else {
    add_items(value.items(), "");
  }
  add_items(value.arguments(), "argument ");
  add_pairs(value.keywords(), "keyword ", "");
  add_items(value.list_items(), "");
  if (!value.is_dict()) add_pairs(value.dict_items(), "[", "]");
  add_items(value.set_items(), "member ");
  for (std::size_t i = 0; i < value.states().size(); ++i) {
    const ValueView state = value.states()[i];
    if (state.is_dict()) {
      add_pairs(state.items(), ".", "");
    } else {
      rows.push_back({"state", summary(state)});
    }
  }
  if (value.kind() == ValueKind::kArray) {
    const Values elements = value.array()->elements();
    add_items(elements, "element ");
    rows.push_back({"size", human_size(value.array()->bytes().size())});
  }
  page.table(rows);
  if (value.kind() == ValueKind::kArray) add_elements(value, options, page);
  return std::move(page).take();
}

}  // namespace v0
}  // namespace safe_load
