const attempt = require('../../attempt')
const { backend } = getApp()

Page({
  data: { busy: false, error: '', openid: '' },

  login() {
    return attempt(this, async () => {
      const { openid } = await backend.login()
      return { openid }
    })
  },
})
