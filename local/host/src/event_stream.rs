//! `application/vnd.amazon.eventstream`: how AWS sends several messages in one answer.

/// The longest payload of one message; SDKs take 16 MB.
const CHUNK: usize = 256 << 10;

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.amazon.eventstream";

/// The answer of `InvokeWithResponseStream`: the payload in pieces, and how it ended as JSON.
pub(crate) fn invocation(payload: &[u8], end: &str) -> Vec<u8> {
    let chunks = payload.chunks(CHUNK);
    let mut stream: Vec<u8> = chunks
        .flat_map(|bytes| message("PayloadChunk", "application/octet-stream", bytes))
        .collect();
    stream.extend(message("InvokeComplete", "application/json", end.as_bytes()));
    stream
}

/// One message: lengths and their checksum, headers, payload, checksum of all of it.
fn message(event: &str, content_type: &str, payload: &[u8]) -> Vec<u8> {
    const STRING: u8 = 7;
    let mut headers = Vec::new();
    let fields =
        [(":event-type", event), (":content-type", content_type), (":message-type", "event")];
    for (name, value) in fields {
        // Names and values are our own, and short.
        headers.push(name.len() as u8);
        headers.extend(name.as_bytes());
        headers.push(STRING);
        headers.extend((value.len() as u16).to_be_bytes());
        headers.extend(value.as_bytes());
    }
    let total = 4 + 4 + 4 + headers.len() + payload.len() + 4;
    let mut message = Vec::with_capacity(total);
    message.extend((total as u32).to_be_bytes());
    message.extend((headers.len() as u32).to_be_bytes());
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message.extend(headers);
    message.extend(payload);
    message.extend(crc32fast::hash(&message).to_be_bytes());
    message
}
