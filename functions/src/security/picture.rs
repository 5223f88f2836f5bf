//! Pictures as WeChat's check takes them: PNG, JPEG or GIF, at most 750 × 1334 px and 1 MB.

use bytes::Bytes;
use image::{ImageFormat, codecs::jpeg::JpegEncoder, imageops::FilterType};
use shared::{Error, Problem, Result};

use crate::picture::{Unreadable, on_white, open};

/// The widest WeChat takes, in px.
const WIDTH: u32 = 750;

/// The highest WeChat takes, in px.
const HEIGHT: u32 = 1334;

/// The largest WeChat takes, in bytes.
const BYTES: usize = 1 << 20;

/// JPEG qualities, the best first; the last makes even noise small enough.
const QUALITIES: [u8; 5] = [92, 85, 75, 60, 40];

/// A picture WeChat takes.
pub(super) struct Picture {
    pub(super) bytes: Bytes,
    pub(super) content_type: &'static str,
    /// ASCII: WeChat does not see files with other names.
    pub(super) file_name: &'static str,
}

/// Passes a picture on that WeChat takes, and shrinks any other.
pub(super) fn fit(bytes: impl Into<Bytes>) -> Result<Picture> {
    let bytes = bytes.into();
    let opened = open(&bytes, &[ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif]);
    let opened = opened.map_err(unreadable)?;
    if opened.width <= WIDTH && opened.height <= HEIGHT && bytes.len() <= BYTES {
        let (content_type, file_name) = match opened.format {
            ImageFormat::Jpeg => ("image/jpeg", "image.jpg"),
            ImageFormat::Png => ("image/png", "image.png"),
            _ => ("image/gif", "image.gif"),
        };
        drop(opened);
        return Ok(Picture { bytes, content_type, file_name });
    }
    // Twice as fine as needed: the fine filter below takes sixteen bytes a pixel.
    let mut picture = opened.decode(2 * HEIGHT).map_err(unreadable)?.picture;
    if picture.width() > WIDTH || picture.height() > HEIGHT {
        picture = picture.resize(WIDTH, HEIGHT, FilterType::CatmullRom);
    }
    let picture = on_white(picture);
    for quality in QUALITIES {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .encode_image(&picture)
            .map_err(Error::internal)?;
        if bytes.len() <= BYTES {
            let (bytes, file_name) = (bytes.into(), "image.jpg");
            return Ok(Picture { bytes, content_type: "image/jpeg", file_name });
        }
    }
    Err(too_large())
}

fn unreadable(reason: Unreadable) -> Error {
    match reason {
        Unreadable::Format => Error::new(
            Problem::UnsupportedMediaType,
            ["WeChat checks PNG, JPEG and GIF images only.", "微信只检测 PNG、JPEG 和 GIF 图片。"],
        ),
        Unreadable::TooLarge => too_large(),
        Unreadable::Broken(_) => Error::new(
            Problem::InvalidInput,
            ["The image is broken; it cannot be decoded.", "图片已损坏，无法解码。"],
        ),
    }
}

fn too_large() -> Error {
    Error::new(Problem::BodyTooLarge, Unreadable::TOO_LARGE)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, Rgb, RgbImage, Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;
    use crate::picture::tests::promising;

    fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn plain(width: u32, height: u32) -> DynamicImage {
        RgbImage::from_pixel(width, height, Rgb([9, 120, 200])).into()
    }

    fn noise(width: u32, height: u32) -> DynamicImage {
        let mut seed = 1u32;
        RgbImage::from_fn(width, height, |_, _| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            let [r, g, b, _] = seed.to_le_bytes();
            Rgb([r, g, b])
        })
        .into()
    }

    fn size(picture: &Picture) -> (u32, u32) {
        let picture = image::load_from_memory(&picture.bytes).unwrap();
        (picture.width(), picture.height())
    }

    #[test]
    fn what_wechat_takes_is_left_alone() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
            // One full picture suffices; unoptimized encoders are slow.
            let height = if format == ImageFormat::Png { 1334 } else { 20 };
            let bytes = encode(&plain(750, height), format);
            let picture = fit(bytes.clone()).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(picture.bytes, bytes, "{format:?}");
            assert_eq!(picture.content_type, format.to_mime_type());
            assert!(picture.file_name.is_ascii());
        }
    }

    #[test]
    fn too_wide_or_too_high_is_scaled_and_keeps_its_shape() {
        for ((width, height), expected) in [
            ((751, 100), (750, 100)),
            ((40, 1335), (40, 1334)),
            ((1334, 75), (750, 42)),
            ((4000, 2), (750, 1)),
            ((20, 2668), (10, 1334)),
        ] {
            let picture = fit(encode(&plain(width, height), ImageFormat::Png)).ok().unwrap();
            assert_eq!((size(&picture), picture.content_type), (expected, "image/jpeg"));
        }
    }

    #[test]
    fn too_many_bytes_are_encoded_better() {
        let bytes = encode(&noise(750, 500), ImageFormat::Png);
        assert!(bytes.len() > BYTES);
        let picture = fit(bytes).ok().unwrap();
        assert_eq!(size(&picture), (750, 500), "no pixel is given up for bytes");
        assert!(picture.bytes.len() <= BYTES, "{}", picture.bytes.len());
    }

    #[test]
    fn transparency_becomes_white() {
        let clear: DynamicImage = RgbaImage::from_pixel(800, 10, Rgba([255, 0, 0, 0])).into();
        let picture = fit(encode(&clear, ImageFormat::Png)).ok().unwrap();
        let shown = image::load_from_memory(&picture.bytes).unwrap().into_rgb8();
        assert!(shown.get_pixel(5, 5).0.iter().all(|channel| *channel > 250));
    }

    #[test]
    fn bombs_and_other_files_are_refused() {
        let problem = |bytes: Vec<u8>| fit(bytes).err().map(|error| error.problem());
        for (width, height) in [(60_000, 60_000), (10_000, 10_000), (1, 33_000_000)] {
            assert_eq!(problem(promising(width, height)), Some(Problem::BodyTooLarge));
        }
        // A GIF that claims 65,535 × 65,535 px.
        let mut bomb = encode(&plain(1, 1), ImageFormat::Gif);
        bomb[6..10].copy_from_slice(&[0xff; 4]);
        assert_eq!(problem(bomb), Some(Problem::BodyTooLarge));
        for other in [&b""[..], b"GIF", b"%PDF-1.7", b"<svg/>", b"RIFF\0\0\0\0WEBPVP8 "] {
            assert_eq!(problem(other.to_vec()), Some(Problem::UnsupportedMediaType));
        }
        let mut cut = encode(&noise(800, 40), ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        assert_eq!(problem(cut), Some(Problem::InvalidInput));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_are_too_odd(
            magic in prop::sample::select(vec![&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"GIF89a", b""]),
            rest in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let _ = fit([magic, &rest].concat());
        }

        #[test]
        fn a_damaged_image_is_answered(at in 0usize..2000, flip in 1u8..) {
            for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif] {
                let mut bytes = encode(&plain(760, 20), format);
                let at = at % bytes.len();
                bytes[at] ^= flip;
                let _ = fit(bytes);
            }
        }
    }
}
