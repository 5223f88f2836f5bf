const attempt = require('../../attempt')
const { phoneCode } = require('../../wechat')
const { backend } = getApp()

Page({
  data: { busy: false, error: '', number: '' },

  show({ detail }) {
    return attempt(this, async () => {
      const code = await phoneCode(detail)
      if (!code) return { number: '', error: '您没有授权手机号。' }
      const { phoneNumber } = await backend.call('phonenumber.getPhoneNumber', { code })
      return { number: phoneNumber }
    })
  },
})
