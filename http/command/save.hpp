// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "http/command/progress_display.hpp"
#include "http/command/record.hpp"
#include "http/command/service_client.hpp"

namespace sluice::command {

/// Downloads an image to `file` and checks every digest its record names. The bytes go to a temporary file beside it,
/// which takes the name only when they are all there and right: half a file is never left. With "-" they go to standard
/// output, where the digests can only be checked afterwards. Gives the file's name.
[[nodiscard]] attempt<std::string> save(service_client& service, const image_record& image, const std::string& file,
                                        progress_display& display);

/// The name of the file when none is given: the image's name and format, made of harmless characters.
[[nodiscard]] std::string file_name_for(const image_record& image);

}  // namespace sluice::command
