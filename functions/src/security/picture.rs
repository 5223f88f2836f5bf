//! Pictures as WeChat's check takes them: PNG, JPEG or GIF, at most 750 × 1334 px and 1 MB.

use std::io::Cursor;

use bytes::Bytes;
use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::jpeg::JpegEncoder, imageops::FilterType, metadata::Orientation,
};
use shared::{Error, Problem, Result};

/// The widest WeChat takes, in px.
const WIDTH: u32 = 750;

/// The highest WeChat takes, in px.
const HEIGHT: u32 = 1334;

/// The largest WeChat takes, in bytes.
const BYTES: usize = 1 << 20;

/// What a picture may take up decoded, in bytes: 33 megapixels of a photo.
const MEMORY: u64 = 96 << 20;

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
    let format = image::guess_format(&bytes).ok();
    let (format, content_type, file_name) = match format {
        Some(format @ ImageFormat::Jpeg) => (format, "image/jpeg", "image.jpg"),
        Some(format @ ImageFormat::Png) => (format, "image/png", "image.png"),
        Some(format @ ImageFormat::Gif) => (format, "image/gif", "image.gif"),
        _ => {
            let detail = "WeChat checks PNG, JPEG and GIF images only.";
            return Err(Error::new(Problem::UnsupportedMediaType, detail));
        }
    };
    let mut reader = ImageReader::with_format(Cursor::new(&bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if width <= WIDTH && height <= HEIGHT && bytes.len() <= BYTES {
        drop(decoder);
        return Ok(Picture { bytes, content_type, file_name });
    }
    if decoder.total_bytes() > MEMORY {
        return Err(too_large());
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    picture.apply_orientation(orientation);
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

/// What is transparent shows the page, which is white more often than not.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [r, g, b, alpha] = picture.get_pixel(x, y).0;
        let blend = |channel: u8| {
            let (channel, alpha) = (u32::from(channel), u32::from(alpha));
            ((channel * alpha + 255 * (255 - alpha)) / 255) as u8
        };
        Rgb([blend(r), blend(g), blend(b)])
    })
}

fn unreadable(error: ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_large(),
        _ => Error::new(Problem::InvalidInput, "The image is broken; it cannot be decoded."),
    }
}

fn too_large() -> Error {
    Error::new(Problem::BodyTooLarge, "The image has too many pixels; scale it down to 33 million.")
}

#[cfg(test)]
mod tests {
    use image::{Rgba, RgbaImage};
    use proptest::prelude::*;

    use super::*;

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
        // The header of a PNG that claims 60,000 × 60,000 px.
        let mut bomb = encode(&plain(1, 1), ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(problem(bomb), Some(Problem::BodyTooLarge));
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

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
            })
        })
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
