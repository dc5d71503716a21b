#include "support/zip_builder.h"

#include <libdeflate.h>

#include <cstdlib>
#include <memory>

#include "base/bytes.h"
#include "deflate/inflate.h"

namespace test_support {
namespace {

constexpr std::uint32_t kLocal = 0x04034B50;
constexpr std::uint32_t kCentral = 0x02014B50;

std::string deflate(std::string_view content) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), content.size()), '\0');
  out.resize(libdeflate_deflate_compress(compressor.get(), content.data(), content.size(),
                                         out.data(), out.size()));
  if (out.empty()) std::abort();
  return out;
}

ZipEntryParts entry(std::string_view name, std::string_view content, std::string data,
                    std::uint16_t method) {
  ZipHeader header;
  header.signature = kLocal;
  header.name = name;
  header.method = method;
  header.crc = safe_load::deflate::crc32(0, safe_load::base::as_bytes(content));
  header.compressed_size = static_cast<std::uint32_t>(data.size());
  header.size = static_cast<std::uint32_t>(content.size());
  ZipEntryParts parts{std::move(data), "", header, header};
  parts.central.signature = kCentral;
  return parts;
}

struct Field {
  std::uint64_t value;
  int bytes;
};

void put(std::string& out, std::initializer_list<Field> fields) {
  for (auto [value, bytes] : fields)
    for (; bytes > 0; --bytes, value >>= 8) out.push_back(static_cast<char>(value & 0xFF));
}

// What local and central header have in common.
void put_facts(std::string& out, const ZipHeader& header) {
  put(out, {{header.flags, 2},
            {header.method, 2},
            {0, 4},
            {header.crc, 4},
            {header.compressed_size, 4},
            {header.size, 4},
            {header.name.size(), 2},
            {header.extra.size(), 2}});
}

void put_local(std::string& out, const ZipHeader& header) {
  put(out, {{header.signature, 4}, {20, 2}});
  put_facts(out, header);
  out += header.name;
  out += header.extra;
}

void put_central(std::string& out, const ZipHeader& header, std::uint64_t local_offset) {
  put(out, {{header.signature, 4}, {20, 2}, {20, 2}});
  put_facts(out, header);
  put(out, {{header.comment.size(), 2},
            {header.disk, 2},
            {0, 6},
            {local_offset + header.local_offset, 4}});
  out += header.name;
  out += header.extra;
  out += header.comment;
}

std::uint64_t shifted(std::uint64_t truth, std::int64_t lie) {
  return truth + static_cast<std::uint64_t>(lie);
}

}  // namespace

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  put(out, {{value, bytes}});
  return out;
}

struct ZipBuilder::Layout {
  std::string file;
  std::vector<std::uint64_t> locals;
  std::vector<std::uint64_t> data;
  std::vector<std::uint64_t> centrals;
  std::uint64_t directory = 0;
  std::uint64_t zip64 = 0;
  std::uint64_t end = 0;
};

ZipBuilder& ZipBuilder::stored(std::string_view name, std::string_view content) {
  entries_.push_back(entry(name, content, std::string(content), 0));
  return *this;
}

ZipBuilder& ZipBuilder::deflated(std::string_view name, std::string_view content) {
  entries_.push_back(entry(name, content, deflate(content), 8));
  return *this;
}

ZipBuilder& ZipBuilder::zip64() {
  with_zip64_ = true;
  return *this;
}

ZipBuilder& ZipBuilder::directory_slack(std::string_view bytes) {
  slack_ = bytes;
  return *this;
}

ZipBuilder& ZipBuilder::comment(std::string_view bytes) {
  comment_ = bytes;
  return *this;
}

ZipBuilder& ZipBuilder::trailing(std::string_view bytes) {
  trailing_ = bytes;
  return *this;
}

ZipBuilder::Layout ZipBuilder::lay_out() const {
  Layout out;
  for (const ZipEntryParts& parts : entries_) {
    out.file += parts.before;
    out.locals.push_back(out.file.size());
    put_local(out.file, parts.local);
    out.data.push_back(out.file.size());
    out.file += parts.data;
  }
  out.directory = out.file.size();
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    out.centrals.push_back(out.file.size());
    put_central(out.file, entries_[i].central, out.locals[i]);
  }
  out.file += slack_;
  const std::uint64_t size = out.file.size() - out.directory;
  const std::uint64_t count = entries_.size();
  out.zip64 = out.file.size();
  if (with_zip64_) {
    const ZipEndLies& lies = zip64_;
    put(out.file, {{0x06064B50, 4},
                   {44, 8},
                   {45, 2},
                   {45, 2},
                   {lies.disk, 4},
                   {0, 4},
                   {shifted(count, lies.entries_here), 8},
                   {shifted(count, lies.entries), 8},
                   {shifted(size, lies.directory_size), 8},
                   {shifted(out.directory, lies.directory_offset), 8}});
    put(out.file, {{0x07064B50, 4}, {0, 4}, {out.zip64, 8}, {1, 4}});
  }
  out.end = out.file.size();
  constexpr std::uint64_t kOnes = ~std::uint64_t{0};
  const auto told = [&](std::uint64_t truth, std::int64_t lie) {
    return end_.saturate ? kOnes : shifted(truth, lie);
  };
  put(out.file, {{0x06054B50, 4},
                 {end_.disk, 2},
                 {0, 2},
                 {told(count, end_.entries_here), 2},
                 {told(count, end_.entries), 2},
                 {told(size, end_.directory_size), 4},
                 {told(out.directory, end_.directory_offset), 4},
                 {comment_.size() + end_.comment_size, 2}});
  out.file += comment_;
  out.file += trailing_;
  return out;
}

std::string ZipBuilder::build() const { return lay_out().file; }
std::uint64_t ZipBuilder::local_offset(std::size_t i) const { return lay_out().locals[i]; }
std::uint64_t ZipBuilder::data_offset(std::size_t i) const { return lay_out().data[i]; }
std::uint64_t ZipBuilder::central_offset(std::size_t i) const { return lay_out().centrals[i]; }
std::uint64_t ZipBuilder::directory_offset() const { return lay_out().directory; }
std::uint64_t ZipBuilder::zip64_offset() const { return lay_out().zip64; }
std::uint64_t ZipBuilder::end_offset() const { return lay_out().end; }
std::uint64_t ZipBuilder::directory_size() const {
  const Layout layout = lay_out();
  return layout.end - layout.directory;
}

}  // namespace test_support
