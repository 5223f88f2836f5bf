// Written from the OpenAPI document by UPDATE=1 cargo test -p tests --test it client.

/** Method and access by operation. */
export const OPERATIONS = {
  'auth.checkSession': ['POST', 'User'],
  'auth.code2Session': ['POST', 'Public'],
  'jssdk.config': ['GET', 'Public'],
}
