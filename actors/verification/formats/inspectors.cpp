// SPDX-License-Identifier: Apache-2.0
#include "actors/verification/formats/filesystem.hpp"
#include "actors/verification/formats/foreign.hpp"
#include "actors/verification/formats/format_inspector.hpp"
#include "actors/verification/formats/iso.hpp"
#include "actors/verification/formats/kernel.hpp"
#include "actors/verification/formats/luks.hpp"
#include "actors/verification/formats/partition_table.hpp"
#include "actors/verification/formats/qcow2.hpp"
#include "actors/verification/formats/qed.hpp"
#include "actors/verification/formats/vdi.hpp"
#include "actors/verification/formats/vhd.hpp"
#include "actors/verification/formats/vhdx.hpp"
#include "actors/verification/formats/vmdk.hpp"

namespace sluice::actors::verification::formats {

inspector_list make_inspectors() {
  inspector_list inspectors;
  inspectors.push_back(std::make_unique<qcow2_inspector>());
  inspectors.push_back(std::make_unique<vmdk_inspector>());
  inspectors.push_back(std::make_unique<vhdx_inspector>());
  inspectors.push_back(std::make_unique<qed_inspector>());
  inspectors.push_back(std::make_unique<vhd_inspector>());
  inspectors.push_back(std::make_unique<vdi_inspector>());
  inspectors.push_back(std::make_unique<luks_inspector>());
  inspectors.push_back(std::make_unique<iso_inspector>());
  inspectors.push_back(std::make_unique<foreign_disk_inspector>());
  inspectors.push_back(std::make_unique<partition_table_inspector>());
  inspectors.push_back(std::make_unique<kernel_inspector>());
  add_filesystem_inspectors(inspectors);
  return inspectors;
}

}  // namespace sluice::actors::verification::formats
