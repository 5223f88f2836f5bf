//! Pictures made small enough for WeChat.

use image::{ImageFormat, RgbImage, codecs::jpeg::JpegEncoder};
use shared::{Error, Result};

use crate::picture::{Decoded, Unreadable, on_white, open};

/// The qualities that are tried before the picture is scaled down.
const QUALITIES: [u8; 3] = [85, 70, 50];

/// A smaller picture is unrecognizable.
const LEAST_SIDE: u32 = 16;

/// A JPEG of at most so many bytes.
pub(super) struct Thumbnail {
    pub(super) bytes: Vec<u8>,
    pub(super) width: u32,
    pub(super) height: u32,
    /// Width and height as they came, upright.
    pub(super) from: (u32, u32),
}

/// Makes a JPEG of at most `limit` bytes and `side` pixels a side from a JPEG, PNG, GIF (its first
/// picture) or WebP.
///
/// The picture is turned upright, transparency becomes white, and the camera's metadata (place and
/// time) is removed.
///
/// # Errors
/// Explains why the picture of `field` cannot be used.
pub(super) fn shrink(field: &str, file: &[u8], limit: usize, side: u32) -> Result<Thumbnail> {
    let invalid = |detail: [&'static str; 2]| Error::invalid(field, detail);
    let unreadable = |reason| match reason {
        Unreadable::Format => invalid([
            "Send a JPEG, PNG, GIF or WebP picture.",
            "请发送 JPEG、PNG、GIF 或 WebP 图片。",
        ]),
        Unreadable::TooLarge => invalid(Unreadable::TOO_LARGE),
        Unreadable::Broken(error) => {
            invalid(["The picture is broken; it cannot be decoded.", "图片已损坏，无法解码。"])
                .because(error)
        }
    };
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP];
    let decoded = open(file, &known).and_then(|opened| opened.decode(side));
    let Decoded { picture, from } = decoded.map_err(unreadable)?;
    encode(&on_white(picture), limit).map_err(|error| unreadable(error.into()))?.map_or_else(
        || Err(invalid(["The picture cannot be made small enough.", "图片无法压缩到所需大小。"])),
        |(bytes, width, height)| Ok(Thumbnail { bytes, width, height, from }),
    )
}

type Encoded = (Vec<u8>, u32, u32);

/// The best quality that fits; if none does, a smaller picture.
fn encode(picture: &RgbImage, limit: usize) -> Result<Option<Encoded>, image::ImageError> {
    let mut picture = picture.clone();
    loop {
        for quality in QUALITIES {
            let mut bytes = Vec::new();
            JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(&picture)?;
            if bytes.len() <= limit {
                return Ok(Some((bytes, picture.width(), picture.height())));
            }
        }
        let (width, height) = (picture.width() * 3 / 4, picture.height() * 3 / 4);
        if width.max(height) < LEAST_SIDE {
            return Ok(None);
        }
        picture = image::imageops::thumbnail(&picture, width.max(1), height.max(1));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{
        ColorType, DynamicImage, ImageEncoder, Rgb, Rgba, RgbaImage, codecs::png::PngEncoder,
    };

    use super::*;
    use crate::picture::tests::promising;

    const LIMIT: usize = 32 << 10;

    /// Noise, which compresses worst.
    fn noise(width: u32, height: u32) -> RgbImage {
        let mut state = 1u32;
        RgbImage::from_fn(width, height, |_, _| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [red, green, blue, _] = state.to_le_bytes();
            Rgb([red, green, blue])
        })
    }

    fn jpeg(picture: &RgbImage) -> Vec<u8> {
        let mut file = Vec::new();
        JpegEncoder::new_with_quality(&mut file, 80).encode_image(picture).unwrap();
        file
    }

    fn written(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    /// Decodes a thumbnail and checks that it is what it says.
    fn decoded(thumbnail: &Thumbnail) -> RgbImage {
        assert_eq!(image::guess_format(&thumbnail.bytes).unwrap(), ImageFormat::Jpeg);
        let picture = image::load_from_memory(&thumbnail.bytes).unwrap().to_rgb8();
        assert_eq!(picture.dimensions(), (thumbnail.width, thumbnail.height));
        picture
    }

    #[test]
    fn every_format_becomes_a_small_jpeg() {
        let picture = DynamicImage::ImageRgb8(noise(300, 200));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif, ImageFormat::WebP] {
            let thumbnail = shrink("thumb", &written(&picture, format), LIMIT, 240).unwrap();
            decoded(&thumbnail);
            assert!(thumbnail.bytes.len() <= LIMIT, "{format:?}");
            assert_eq!((thumbnail.width, thumbnail.height, thumbnail.from), (240, 160, (300, 200)));
        }
    }

    #[test]
    fn any_limit_that_can_be_kept_is_kept() {
        let file = jpeg(&noise(320, 240));
        for limit in [32 << 10, 10_000, 4_000, 1_000] {
            let thumbnail = shrink("thumb", &file, limit, 320).unwrap();
            assert!(thumbnail.bytes.len() <= limit, "{limit}");
            decoded(&thumbnail);
        }
        assert!(shrink("thumb", &file, 100, 320).is_err());
    }

    #[test]
    fn a_small_picture_keeps_its_size_and_a_thin_one_its_shape() {
        let thumbnail = shrink("thumb", &jpeg(&noise(20, 10)), LIMIT, 240).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (20, 10));
        let thumbnail = shrink("thumb", &jpeg(&noise(3000, 2)), LIMIT, 240).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (240, 1));
        let thumbnail = shrink("thumb", &jpeg(&noise(1, 1)), LIMIT, 240).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (1, 1));
    }

    #[test]
    fn transparency_becomes_white() {
        let clear = RgbaImage::from_pixel(8, 8, Rgba([255, 0, 0, 0]));
        let file = written(&DynamicImage::ImageRgba8(clear), ImageFormat::Png);
        let picture = decoded(&shrink("thumb", &file, LIMIT, 240).unwrap());
        assert!(picture.get_pixel(4, 4).0.iter().all(|color| *color > 250));
    }

    #[test]
    fn a_photo_is_turned_upright_and_loses_what_the_camera_wrote() {
        // Left half black, and marked as lying on its side (6: turn right by 90 degrees).
        let mut picture = RgbImage::from_pixel(64, 32, Rgb([255, 255, 255]));
        (0..32).for_each(|x| (0..32).for_each(|y| picture.put_pixel(x, y, Rgb([0, 0, 0]))));
        let plain = jpeg(&picture);
        let mut exif =
            b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        exif.extend_from_slice(b"GPS 31.2304N 121.4737E");
        let mut file = plain[..2].to_vec();
        file.extend_from_slice(&[0xff, 0xe1]);
        file.extend_from_slice(&(exif.len() as u16 + 2).to_be_bytes());
        file.extend_from_slice(&exif);
        file.extend_from_slice(&plain[2..]);

        let thumbnail = shrink("thumb", &file, LIMIT, 240).unwrap();

        let upright = decoded(&thumbnail);
        assert_eq!((upright.dimensions(), thumbnail.from), ((32, 64), (32, 64)));
        assert!(upright.get_pixel(16, 8).0[0] < 10 && upright.get_pixel(16, 56).0[0] > 245);
        assert!(!thumbnail.bytes.windows(3).any(|part| part == b"GPS"));
    }

    #[test]
    fn a_file_that_is_not_a_picture_or_too_large_is_refused() {
        let whole = jpeg(&noise(64, 64));
        for file in [
            &b""[..],
            b"hello",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            &whole[..100],
            &promising(50_000, 50_000),
            &promising(u32::MAX >> 1, u32::MAX >> 1),
            &promising(6_000, 4_001),
            &promising(0, 1),
            &promising(1, 33_000_000),
        ] {
            assert!(shrink("thumb", file, LIMIT, 240).is_err(), "{} bytes", file.len());
        }
        // Sixteen bits a channel double the memory.
        let mut deep = Vec::new();
        let samples = vec![0; 8 * 4];
        PngEncoder::new(&mut deep).write_image(&samples, 2, 2, ColorType::Rgba16.into()).unwrap();
        assert!(shrink("thumb", &deep, LIMIT, 240).is_ok());
    }

    /// A process of its own, because the tests beside this one use memory too.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_photo_of_12_megapixels_takes_less_than_300_mb() {
        const CHILD: &str = "THUMBNAIL_CHILD";
        if std::env::var_os(CHILD).is_none() {
            let name = "app::thumbnail::tests::a_photo_of_12_megapixels_takes_less_than_300_mb";
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", name, "--nocapture"])
                .env(CHILD, "1")
                .output()
                .unwrap();
            let output = String::from_utf8_lossy(&child.stdout);
            assert!(child.status.success(), "{output}");
            let peak =
                output.split("VmHWM:").nth(1).and_then(|rest| rest.split_whitespace().next());
            let peak: u64 = peak.unwrap().parse().unwrap();
            assert!(peak < 300 << 10, "{peak} kB");
            return;
        }
        // A scene rather than noise, so that the file is as large as a photo's.
        let photo = RgbImage::from_fn(4000, 3000, |x, y| {
            Rgb([(x / 16) as u8, (y / 12) as u8, ((x * y) >> 12) as u8])
        });
        let file = jpeg(&photo);
        drop(photo);
        let thumbnail = shrink("thumb", &file, LIMIT, 240).unwrap();
        assert_eq!((thumbnail.width, thumbnail.height), (240, 180));
        assert!(thumbnail.bytes.len() <= LIMIT);
        decoded(&thumbnail);
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        println!("{}", status.lines().find(|line| line.starts_with("VmHWM:")).unwrap());
    }
}
