// The stb libraries as this project builds them: from memory only, with failures told in words.
#pragma once

#define STBI_NO_STDIO
#define STBI_FAILURE_USERMSG
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_PIC
#define STBI_WRITE_NO_STDIO

#include <stb/stb_image.h>
#include <stb/stb_image_write.h>
