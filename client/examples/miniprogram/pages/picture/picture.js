const attempt = require('../../attempt')
const { backend } = getApp()

const VERDICTS = { pass: '可以发布', risky: '含有违规内容，不能发布' }

Page({
  data: { busy: false, error: '', picture: '', answer: '' },

  choose() {
    return attempt(this, async () => {
      const { tempFiles } = await wx.chooseMedia({ count: 1, mediaType: ['image'] })
      const picture = tempFiles[0].tempFilePath
      const { suggest } = await backend.upload('security.imgSecCheck', picture)
      return { picture, answer: VERDICTS[suggest] }
    })
  },
})
