"""Makes the tiny pictures in tests/data/images, one of each format and kind that nst reads: seeds for the fuzz
targets, which grow their inputs from them.

    python make_images.py
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "images"
HEIGHT, WIDTH = 9, 12
ORIENTATION = 0x0112


def picture(channels, full=255):
    """Smooth values in which no two corners are alike, (HEIGHT, WIDTH, channels)."""
    y, x, c = np.meshgrid(np.linspace(0, 1, HEIGHT), np.linspace(0, 1, WIDTH), np.arange(channels), indexing="ij")
    return np.round(full * (0.5 + 0.5 * np.sin(3 * x + 2 * y * (c + 1) + c)))


def png16(channels, colour_type):
    """16-bit RGB and RGBA, which PIL does not write."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in picture(channels, 65535))
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pnm16(kind, channels):
    """16 bits, the most significant byte first; PIL writes 8."""
    return b"%s %d %d 65535\n" % (kind, WIDTH, HEIGHT) + picture(channels, 65535).astype(">u2").tobytes()


def psd(packed):
    """RGB of 8 bits, whose planes are packed with PackBits (all literals) or not."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, HEIGHT, WIDTH, 8, 3) + struct.pack(">III", 0, 0, 0)
    rows = [bytes(row) for plane in picture(3).astype(np.uint8).transpose(2, 0, 1) for row in plane]
    if not packed:
        return header + struct.pack(">H", 0) + b"".join(rows)
    packed_rows = [bytes([len(row) - 1]) + row for row in rows]
    return header + struct.pack(">H", 1) + b"".join(struct.pack(">H", len(r)) for r in packed_rows) + b"".join(packed_rows)


def exif(order, orientation):
    tags = Image.Exif()
    tags.endian = order
    tags[ORIENTATION] = orientation
    return tags


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rgb = Image.fromarray(picture(3).astype(np.uint8))
    rgba = Image.fromarray(picture(4).astype(np.uint8))
    grey = Image.fromarray(picture(1)[..., 0].astype(np.uint8))
    palette = rgb.quantize(16)

    def save(image, name, **options):
        image.save(OUT / name, **options)

    save(rgb, "rgb.png")
    save(rgba, "rgba.png")
    save(grey, "grey.png")
    save(grey.convert("1"), "one_bit.png")
    save(palette, "palette.png", transparency=3)
    (OUT / "rgb16.png").write_bytes(png16(3, 2))
    (OUT / "rgba16.png").write_bytes(png16(4, 6))
    save(rgb, "baseline.jpg", quality=80, subsampling=0)
    save(rgb, "progressive.jpg", quality=80, progressive=True, subsampling=2)
    save(rgb, "restarts.jpg", quality=80, restart_marker_blocks=1)
    save(rgb.convert("CMYK"), "cmyk.jpg", quality=80)
    save(grey, "grey.jpg", quality=80)
    save(grey, "orientation_6_little_endian.jpg", quality=80, exif=exif("<", 6))
    save(grey, "orientation_3_big_endian.jpg", quality=80, exif=exif(">", 3))
    save(rgb, "rgb.bmp")
    save(palette, "palette.bmp")
    save(rgba, "rgba.bmp")
    save(rgb, "rgb.tga")
    save(rgb, "run_lengths.tga", compression="tga_rle")
    save(palette, "palette.tga")
    save(palette, "two_frames.gif", save_all=True, append_images=[palette.rotate(180)], transparency=3)
    save(rgb, "rgb.ppm")
    save(grey, "grey.pgm")
    (OUT / "rgb16.ppm").write_bytes(pnm16(b"P6", 3))
    (OUT / "grey16.pgm").write_bytes(pnm16(b"P5", 1))
    (OUT / "rgb.psd").write_bytes(psd(False))
    (OUT / "packed.psd").write_bytes(psd(True))


if __name__ == "__main__":
    main()
