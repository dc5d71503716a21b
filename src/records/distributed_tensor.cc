#include "safe_load/distributed_tensor.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "safe_load/record_class.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr auto kPlacements = std::to_array<PlacementClass>({
    {"Shard", Placement::Kind::kShard},
    {"_StridedShard", Placement::Kind::kStridedShard},
    {"Replicate", Placement::Kind::kReplicate},
    {"Partial", Placement::Kind::kPartial},
    {"_Partial", Placement::Kind::kPartial},
});

Error odd(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

std::string text_of(const ValueView& value) { return base::escaped(value.get_or<std::string>("")); }

// A tuple, list or torch.Size of whole numbers, at most as many as a tensor has dimensions.
std::optional<Dims> read_dims(const ValueView& value) {
  if (value.kind() == ValueKind::kSize) return value.fields();
  if (value.kind() != ValueKind::kTuple && value.kind() != ValueKind::kList) return std::nullopt;
  if (value.size() > Dims::kMost) return std::nullopt;
  Dims dims;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto number = value.items()[i].get<std::int64_t>();
    if (!number || *number < 0) return std::nullopt;
    dims.push_back(*number);
  }
  return dims;
}

// The processes of one dimension of a mesh: a number, or the factors of one.
std::optional<std::int64_t> read_extent(const ValueView& value) {
  if (const auto number = value.get<std::int64_t>())
    return *number > 0 ? std::optional(*number) : std::nullopt;
  const auto factors = read_dims(value);
  if (!factors) return std::nullopt;
  std::uint64_t product = 1;
  for (const std::int64_t factor : *factors) {
    const auto next = base::checked_mul(product, static_cast<std::uint64_t>(factor));
    if (!next || *next == 0 || *next > INT64_MAX) return std::nullopt;
    product = *next;
  }
  return static_cast<std::int64_t>(product);
}

// torch up to 2.8 saves the ranks as a tensor, 2.9 and later a layout.
std::optional<Dims> mesh_shape(const ValueView& mesh) {
  for (const std::string_view name : {"mesh", "_mesh"})
    if (const auto ranks = mesh.attribute(name).tensor()) return ranks->shape();
  const ValueView layout = mesh.attribute("_layout");
  const ValueView axes = layout.attribute("axes");
  const ValueView extents = axes.is_missing() ? layout.attribute("shape") : axes;
  Dims shape;
  const bool is_row = extents.kind() == ValueKind::kTuple && extents.size() <= Dims::kMost;
  for (std::size_t i = 0; i < (is_row ? extents.size() : 1); ++i) {
    const ValueView extent = is_row ? extents.items()[i] : extents;
    const auto size = read_extent(axes.is_missing() ? extent : extent.attribute("shape"));
    if (!size) return std::nullopt;
    shape.push_back(*size);
  }
  return shape;
}

Result<DeviceMesh> read_mesh(const ValueView& value) {
  const auto either = [&](std::string_view name, std::string_view older) {
    const ValueView found = value.attribute(name);
    return found.is_missing() ? value.attribute(older) : found;
  };
  DeviceMesh mesh;
  mesh.device_type = text_of(either("_device_type", "device_type"));
  const auto shape = mesh_shape(value);
  if (!shape) return odd("a device mesh without a shape");
  mesh.shape = *shape;
  const ValueView names = either("_mesh_dim_names", "mesh_dim_names");
  if (names.kind() != ValueKind::kTuple && names.kind() != ValueKind::kList) return mesh;
  if (names.size() != mesh.shape.size())
    return odd("a device mesh with another number of names than dimensions");
  for (std::size_t i = 0; i < names.size(); ++i) mesh.names.push_back(text_of(names.items()[i]));
  return mesh;
}

bool divides(const Placement& placement) {
  return placement.kind == Placement::Kind::kShard ||
         placement.kind == Placement::Kind::kStridedShard;
}

Result<Placement> read_placement(const ValueView& value, std::size_t dims) {
  const auto row =
      std::find_if(kPlacements.begin(), kPlacements.end(),
                   [&](const PlacementClass& known) { return known.name == value.name(); });
  if (row == kPlacements.end()) return odd("a placement of an unknown kind");
  Placement placement;
  placement.kind = row->kind;
  if (row->kind == Placement::Kind::kPartial)
    placement.reduction = text_of(value.attribute("reduce_op"));
  if (!divides(placement)) return placement;
  const auto dim = value.attribute("dim").get<std::int64_t>();
  const bool is_inside = dim && *dim >= 0 && static_cast<std::uint64_t>(*dim) < dims;
  if (!is_inside) return odd("a shard of a dimension that the tensor does not have");
  placement.dim = *dim;
  placement.split_factor = value.attribute("split_factor").get_or<std::int64_t>(1);
  return placement;
}

bool is_distributed(const ValueView& value) {
  return value.kind() == ValueKind::kOpaque && value.name() == "DTensor" &&
         find_record_class(value.module(), value.name()) != nullptr;
}

}  // namespace

bool DistributedTensor::is_replicated() const {
  return std::all_of(placements.begin(), placements.end(), [](const Placement& placement) {
    return placement.kind == Placement::Kind::kReplicate;
  });
}

Result<DistributedTensor> distributed_tensor(const ValueView& value) {
  constexpr std::size_t kSize = 2;  // among the arguments: class, type, size, strides ...
  if (!is_distributed(value))
    return Error(ErrorCode::kMismatch, "no distributed tensor").about(value.class_name());
  DistributedTensor tensor;
  tensor.local = value.attribute("_local_tensor");
  const auto local = tensor.local.tensor();
  if (!local) return odd("a distributed tensor without a local one");
  const Values given = value.arguments();
  const auto shape = given.size() > kSize ? read_dims(given[kSize]) : std::nullopt;
  if (!shape) return odd("a distributed tensor without a shape");
  tensor.shape = *shape;
  const ValueView spec = value.attribute("_spec");
  SAFE_LOAD_TRY_ASSIGN(tensor.mesh, read_mesh(spec.attribute("mesh")));
  const ValueView placements = spec.attribute("placements");
  const bool is_row =
      placements.kind() == ValueKind::kTuple || placements.kind() == ValueKind::kList;
  if (!is_row || placements.size() != tensor.mesh.shape.size())
    return odd(
        "a distributed tensor with another number of placements than its mesh has dimensions");
  std::vector<bool> is_divided(tensor.shape.size());
  for (std::size_t i = 0; i < placements.size(); ++i) {
    SAFE_LOAD_TRY_ASSIGN(Placement placement,
                         read_placement(placements.items()[i], tensor.shape.size()));
    if (divides(placement)) is_divided[static_cast<std::size_t>(placement.dim)] = true;
    tensor.placements.push_back(std::move(placement));
  }
  const Dims part = local->shape();
  bool fits = part.size() == tensor.shape.size();
  for (std::size_t i = 0; fits && i < part.size(); ++i)
    fits = is_divided[i] ? part[i] <= tensor.shape[i] : part[i] == tensor.shape[i];
  if (!fits) return odd("a local tensor that is no part of the distributed one");
  return tensor;
}

std::span<const PlacementClass> placement_classes() { return kPlacements; }

std::string_view to_text(Placement::Kind kind) {
  switch (kind) {
    case Placement::Kind::kShard:
      return "Shard";
    case Placement::Kind::kStridedShard:
      return "StridedShard";
    case Placement::Kind::kReplicate:
      return "Replicate";
    case Placement::Kind::kPartial:
      return "Partial";
  }
  return "";
}

std::string to_text(const Placement& placement) {
  const std::string name(to_text(placement.kind));
  if (placement.kind == Placement::Kind::kReplicate) return name;
  std::string given = placement.reduction;
  if (divides(placement)) given = std::to_string(placement.dim);
  if (placement.kind == Placement::Kind::kStridedShard)
    given += ", " + std::to_string(placement.split_factor);
  return name + '(' + given + ')';
}

std::string to_text(const DistributedTensor& tensor) {
  std::string text;
  for (const Placement& placement : tensor.placements)
    text += (text.empty() ? "" : ", ") + to_text(placement);
  text += " on a " + tensor.mesh.device_type + " mesh [";
  for (std::size_t i = 0; i < tensor.mesh.shape.size(); ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(tensor.mesh.shape[i]);
  return text + ']';
}

}  // namespace v0
}  // namespace safe_load
