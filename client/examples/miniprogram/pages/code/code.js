const attempt = require('../../attempt')
const { backend } = getApp()

Page({
  data: { busy: false, error: '', scene: 'id=1', image: '' },

  type({ detail }) {
    this.setData({ scene: detail.value })
  },

  draw() {
    return attempt(this, async () => {
      // check_path 为 false 时，尚未发布的小程序也能生成。
      // With check_path false it also works before the mini program is released.
      const bytes = await backend.call('wxacode.getUnlimited', { scene: this.data.scene, check_path: false })
      return { image: `data:image/png;base64,${wx.arrayBufferToBase64(bytes)}` }
    })
  },
})
