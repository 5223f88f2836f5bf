const attempt = require('../../attempt')
const { template } = require('../../config')
const { wx } = require('../../wechat')
const { backend } = getApp()

Page({
  data: { busy: false, error: '', answer: '' },

  subscribe() {
    return attempt(this, async () => {
      const { [template]: choice } = await wx.requestSubscribeMessage({ tmplIds: [template] })
      if (choice !== 'accept') return { answer: '您没有订阅。' }
      // 通常在订单有变化时由后端发送；用户也可以发给自己。
      // Usually a back end sends it when something happens; users may send to themselves.
      await backend.call('subscribeMessage.send', {
        template_id: template,
        page: 'pages/index/index',
        data: {
          character_string1: { value: '20261126001' },
          name2: { value: '中通快递' },
          character_string3: { value: 'ZT2015215125352511' },
          thing6: { value: '龙井茶' },
          thing8: { value: '杭州市西湖区' },
        },
      })
      return { answer: '已发送一条发货通知。' }
    })
  },
})
